import { Prisma } from "@reelay/prisma/client";
import type { TenantRecord } from "../domain/tenant-record.ts";
import { type Database, isUniqueViolation } from "./database.ts";
import { jsonb } from "./sql.ts";

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

/** An id for a tenant that is about to be inserted: what is sealed is bound to it. */
export async function newTenantId(db: Database): Promise<string> {
	const [row] = await db.$queryRaw<
		{ id: string }[]
	>`select new_id('ten') as id`;
	if (row === undefined) throw new Error("the database made no id");
	return row.id;
}

/**
 * Writes a tenant with the secret that signs what its jobs' own URLs are sent, and the line about it in its audit log, which
 * cannot come before: there is no log without a tenant. Null, and nothing written, when another tenant has the name.
 */
export async function insertTenant(
	db: Database,
	tenant: {
		id: string;
		name: string;
		weight: number;
		maxInFlight: number | null;
		sealedSecret: string;
	},
	audit: { actor: string; data: unknown },
): Promise<TenantRecord | null> {
	const rows = await db.$queryRaw<TenantRecord[]>`
		with made as (
			insert into tenant (id, name, weight, max_in_flight)
			values (${tenant.id}, ${tenant.name}, ${tenant.weight}::int, ${tenant.maxInFlight}::int)
			on conflict (name) do nothing returning *),
		sealed as (
			insert into webhook_secret (id, tenant_id, sealed)
			select 'sec_' || split_part(id, '_', 2), id, ${tenant.sealedSecret} from made),
		told as (
			insert into audit (tenant_id, actor, action, target, data)
			select id, ${audit.actor}, 'tenant.create', id, ${jsonb(audit.data)} from made)
		select ${columns} from made as tenant`;
	return rows[0] ?? null;
}

/** Changes what is not undefined; null when there is no such tenant, or another one has the name. */
export async function updateTenant(
	db: Database,
	id: string,
	patch: {
		name: string | undefined;
		weight: number | undefined;
		maxInFlight: number | null | undefined;
		disabled: boolean | undefined;
	},
): Promise<TenantRecord | null> {
	const keepsLimit = patch.maxInFlight === undefined;
	const { name = null, weight = null, disabled = null } = patch;
	// Of two that take one name in the same instant the index refuses the second.
	const rows = await db.$queryRaw<TenantRecord[]>`
		update tenant set name = coalesce(${name}, name), weight = coalesce(${weight}::int, weight),
			max_in_flight = case when ${keepsLimit} then max_in_flight else ${patch.maxInFlight ?? null}::int end,
			disabled_at = case ${disabled}::boolean when true then coalesce(disabled_at, now()) when false then null
				else disabled_at end
		where id = ${id} returning ${columns}`.catch((error: unknown) => {
		if (isUniqueViolation(error)) return [];
		throw error;
	});
	return rows[0] ?? null;
}
