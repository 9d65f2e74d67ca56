import type { Database } from "./database.ts";

/** Who a request speaks for. */
export type ApiKeyOwner = { keyId: string; tenantId: string; scopes: string[] };

/** The tenant that every installation begins with. */
export const firstTenantName = "default";

/** The owner of a key that is neither revoked nor expired, or null. */
export async function findApiKeyOwner(
	db: Database,
	hash: Buffer,
): Promise<ApiKeyOwner | null> {
	const rows = await db.$queryRaw<ApiKeyOwner[]>`
		select id as "keyId", tenant_id as "tenantId", scopes from api_key
		where hash = ${hash} and revoked_at is null and (expires_at is null or expires_at > now())`;
	return rows[0] ?? null;
}

/** Which of these keys are neither revoked nor expired. */
export async function listValidKeys(
	db: Database,
	keyIds: readonly string[],
): Promise<string[]> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		select id from api_key
		where id = any(${[...keyIds]}::text[]) and revoked_at is null and (expires_at is null or expires_at > now())`;
	return rows.map(({ id }) => id);
}

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

/** Writes a key unless its hash is there already; returns whether it is new. */
export async function insertApiKey(
	db: Database,
	key: {
		tenantId: string;
		name: string;
		prefix: string;
		hash: Buffer;
		scopes: string[];
	},
): Promise<boolean> {
	const inserted = await db.$executeRaw`
		insert into api_key (id, tenant_id, name, prefix, hash, scopes)
		values (new_id('key'), ${key.tenantId}, ${key.name}, ${key.prefix}, ${key.hash}, ${key.scopes}::text[])
		on conflict do nothing`;
	return inserted > 0;
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
