import { Prisma } from "@reelay/prisma/client";
import type { TenantRecord } from "../domain/tenant-record.ts";
import type { Database } from "./database.ts";

const columns = Prisma.sql`
	tenant.id, tenant.name, weight, max_in_flight, disabled_at, tenant.created_at`;

/** The tenant that every installation begins with. */
export const firstTenantName = "default";

/** The first tenant's id; makes the tenant when there is none. Two processes that start together get the same one. */
export async function ensureFirstTenant(db: Database): Promise<string> {
	await db.$executeRaw`
		insert into tenant (id, name) values (new_id('ten'), ${firstTenantName}) on conflict do nothing`;
	const rows = await db.$queryRaw<{ id: string }[]>`
		select id from tenant where name = ${firstTenantName}`;
	const [tenant] = rows;
	if (tenant === undefined) throw new Error("the first tenant was not made");
	return tenant.id;
}

/**
 * Gives the tenant its first secret; does nothing and returns false when it has one. The secret's id is made from the
 * tenant's, so that two processes that start together cannot both make one.
 */
export async function insertFirstSecret(
	db: Database,
	tenantId: string,
	sealed: string,
): Promise<boolean> {
	const inserted = await db.$executeRaw`
		insert into webhook_secret (id, tenant_id, sealed)
		select 'sec_' || split_part(${tenantId}, '_', 2), ${tenantId}, ${sealed}
		where not exists (select from webhook_secret where tenant_id = ${tenantId} and endpoint_id is null)
		on conflict do nothing`;
	return inserted > 0;
}

/** The tenant, or null. */
export async function findTenant(
	db: Database,
	id: string,
): Promise<TenantRecord | null> {
	const rows = await db.$queryRaw<TenantRecord[]>`
		select ${columns} from tenant where id = ${id}`;
	return rows[0] ?? null;
}

/** The tenant of this id or this name, or null. A name may look like an id; the id counts more. */
export async function findTenantCalled(
	db: Database,
	nameOrId: string,
): Promise<TenantRecord | null> {
	const rows = await db.$queryRaw<TenantRecord[]>`
		select ${columns} from tenant where id = ${nameOrId} or name = ${nameOrId}
		order by id = ${nameOrId} desc limit 1`;
	return rows[0] ?? null;
}

/** A page of tenants, newest first; without a limit all of them. */
export async function listTenants(
	db: Database,
	query: { beforeId: string | null; limit: number | null },
): Promise<TenantRecord[]> {
	return db.$queryRaw<TenantRecord[]>`
		select ${columns} from tenant where ${query.beforeId}::text is null or id < ${query.beforeId}
		order by id desc limit ${query.limit}::int`;
}
