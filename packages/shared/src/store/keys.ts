import { Prisma } from "@reelay/prisma/client";
import type { KeyRecord } from "../domain/key-record.ts";
import type { Database } from "./database.ts";

/** Who a request speaks for. */
export type ApiKeyOwner = {
	keyId: string;
	tenantId: string;
	scopes: string[];
	/** It may only read then. */
	isTenantDisabled: boolean;
};

/** Neither revoked nor expired. */
const isValid = Prisma.sql`(revoked_at is null and (expires_at is null or expires_at > now()))`;

const columns = Prisma.sql`
	api_key.id, tenant_id, api_key.name, prefix, scopes, ${isValid} as is_valid, api_key.created_at, created_by, expires_at,
	last_used_at, revoked_at, rotated_from`;

/** The owner of a key that is neither revoked nor expired, or null. Index: api_key_hash_key. */
export async function findApiKeyOwner(
	db: Database,
	hash: Buffer,
): Promise<ApiKeyOwner | null> {
	const rows = await db.$queryRaw<ApiKeyOwner[]>`
		select api_key.id as "keyId", tenant_id as "tenantId", scopes, disabled_at is not null as "isTenantDisabled"
		from api_key join tenant on tenant.id = tenant_id where hash = ${hash} and ${isValid}`;
	return rows[0] ?? null;
}

/** Which of these keys are neither revoked nor expired. */
export async function listValidKeys(
	db: Database,
	keyIds: readonly string[],
): Promise<string[]> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		select id from api_key where id = any(${[...keyIds]}::text[]) and ${isValid}`;
	return rows.map(({ id }) => id);
}

/** What a key is made of. Its id is made first, because the audit log names it before it is there. */
export type NewKey = {
	id: string;
	tenantId: string;
	name: string;
	prefix: string;
	hash: Buffer;
	scopes: readonly string[];
	expiresAt: Date | null;
	createdBy: string | null;
};

/** An id for a key that is about to be inserted. */
export async function newKeyId(db: Database): Promise<string> {
	const [row] = await db.$queryRaw<
		{ id: string }[]
	>`select new_id('key') as id`;
	if (row === undefined) throw new Error("the database made no id");
	return row.id;
}

/** Writes a key. A hash that is there already, or a tenant that is not, is an error: neither comes about by itself. */
export async function insertKey(db: Database, key: NewKey): Promise<KeyRecord> {
	const [made] = await db.$queryRaw<KeyRecord[]>`
		insert into api_key (id, tenant_id, name, prefix, hash, scopes, expires_at, created_by)
		values (${key.id}, ${key.tenantId}, ${key.name}, ${key.prefix}, ${key.hash}, ${[...key.scopes]}::text[],
			${key.expiresAt}, ${key.createdBy})
		returning ${columns}`;
	if (made === undefined) throw new Error("the key was not made");
	return made;
}

/**
 * Makes the key that an installation is set up with, or gives the one that is there the scopes that a later release has
 * brought; no other key is touched, and one that was revoked stays as it is. The audit log hears of it in the same
 * statement, and of nothing when nothing changes, as at every further start. Any number of processes may do so at once.
 */
export async function ensureBootstrapKey(
	db: Database,
	key: Pick<NewKey, "tenantId" | "name" | "prefix" | "hash" | "scopes">,
): Promise<void> {
	await db.$executeRaw`
		with changed as (
			insert into api_key (id, tenant_id, name, prefix, hash, scopes, created_by)
			values (new_id('key'), ${key.tenantId}, ${key.name}, ${key.prefix}, ${key.hash}, ${[...key.scopes]}::text[],
				'bootstrap')
			on conflict (hash) do update set scopes = excluded.scopes
				where not api_key.scopes @> excluded.scopes and api_key.revoked_at is null
			returning id, tenant_id, scopes)
		insert into audit (tenant_id, actor, action, target, data)
		select tenant_id, 'bootstrap', 'key.bootstrap', id, jsonb_build_object('scopes', scopes) from changed`;
}

/** The tenant's key, or null; also one that has ended. */
export async function findKey(
	db: Database,
	tenantId: string,
	id: string,
): Promise<KeyRecord | null> {
	const rows = await db.$queryRaw<KeyRecord[]>`
		select ${columns} from api_key where id = ${id} and tenant_id = ${tenantId}`;
	return rows[0] ?? null;
}

/** A page of a tenant's keys, or of everybody's, newest first, with those that have ended. */
export async function listKeys(
	db: Database,
	query: { tenantId: string | null; beforeId: string | null; limit: number },
): Promise<KeyRecord[]> {
	return db.$queryRaw<KeyRecord[]>`
		select ${columns} from api_key
		where (${query.tenantId}::text is null or tenant_id = ${query.tenantId})
			and (${query.beforeId}::text is null or id < ${query.beforeId})
		order by id desc limit ${query.limit}::int`;
}

/** The keys that bear this id or begin with these letters, whosever they are; for the command, which asks no tenant. */
export async function findKeysCalled(
	db: Database,
	idOrPrefix: string,
): Promise<KeyRecord[]> {
	return db.$queryRaw<KeyRecord[]>`
		select ${columns} from api_key where id = ${idOrPrefix} or prefix = ${idOrPrefix} order by id desc`;
}

/** Changes what is not undefined; null when there is no such key, or it has ended. */
export async function updateKey(
	db: Database,
	{ tenantId, id }: { tenantId: string; id: string },
	patch: { name: string | undefined; expiresAt: Date | null | undefined },
): Promise<KeyRecord | null> {
	const keepsExpiry = patch.expiresAt === undefined;
	const rows = await db.$queryRaw<KeyRecord[]>`
		update api_key set name = coalesce(${patch.name ?? null}, name),
			expires_at = case when ${keepsExpiry} then expires_at else ${patch.expiresAt ?? null}::timestamptz end
		where id = ${id} and tenant_id = ${tenantId} and ${isValid}
		returning ${columns}`;
	return rows[0] ?? null;
}

/**
 * Ends a key at once; false when it is not there, has been revoked before, or is the last valid one of its tenant with the
 * scope `admin`. The tenant's admin keys are locked in the order of their ids and looked at again behind the lock: of two
 * admins who end each other's key at once the second finds that hers is the last.
 */
export async function revokeKey(
	db: Database,
	{ tenantId, id }: { tenantId: string; id: string },
): Promise<boolean> {
	const ended = await db.$executeRaw`
		with admins as materialized (
			select id from api_key where tenant_id = ${tenantId} and 'admin' = any(scopes) and ${isValid}
			order by id for update)
		update api_key set revoked_at = now()
		where id = ${id} and tenant_id = ${tenantId} and revoked_at is null
			and (not 'admin' = any(scopes) or not ${isValid} or exists (select from admins where admins.id <> ${id}))`;
	return ended > 0;
}

/**
 * Writes a key with the name and the scopes of a former one, which runs out after the overlap, or before if it was to.
 * Null, and nothing written, when the former one is not there or has ended. Asked twice there are two new keys: the first
 * answer may be lost, and with it the only sight of its key.
 */
export async function rotateKey(
	db: Database,
	former: { tenantId: string; id: string; overlapS: number },
	next: Pick<NewKey, "id" | "prefix" | "hash" | "expiresAt" | "createdBy">,
): Promise<KeyRecord | null> {
	const rows = await db.$queryRaw<KeyRecord[]>`
		with former as (
			update api_key set expires_at = least(expires_at, now() + make_interval(secs => ${former.overlapS}::int))
			where id = ${former.id} and tenant_id = ${former.tenantId} and ${isValid}
			returning id, tenant_id, name, scopes)
		insert into api_key (id, tenant_id, name, prefix, hash, scopes, expires_at, created_by, rotated_from)
		select ${next.id}, tenant_id, name, ${next.prefix}, ${next.hash}, scopes, ${next.expiresAt}, ${next.createdBy}, id
		from former
		returning ${columns}`;
	return rows[0] ?? null;
}

// Of several processes that saw the same key in the same minute one writes it down.
const sameUseMs = 30_000;

/**
 * Writes down how long ago each key was last used, in one statement. A row that somebody holds, or in which nearly the
 * same is written already, is passed by: what is lost is a minute of accuracy, and nobody is waited for.
 */
export async function recordKeyUse(
	db: Database,
	used: readonly { keyId: string; agoMs: number }[],
): Promise<void> {
	const ids = used.map(({ keyId }) => keyId);
	const ages = used.map(({ agoMs }) => agoMs);
	await db.$executeRaw`
		with used as (
			select id, now() - ago * interval '1 ms' as at
			from unnest(${ids}::text[], ${ages}::float8[]) as seen (id, ago)),
		free as (
			select api_key.id, used.at from api_key join used on used.id = api_key.id
			where last_used_at is null or last_used_at < used.at - ${sameUseMs}::int * interval '1 ms'
			order by api_key.id for update of api_key skip locked)
		update api_key set last_used_at = free.at from free where api_key.id = free.id`;
}
