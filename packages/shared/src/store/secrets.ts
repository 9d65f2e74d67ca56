import { Prisma } from "@reelay/prisma/client";
import { maxValidSecrets } from "../domain/endpoint.ts";
import type { Database } from "./database.ts";

/** A secret as its owner may see it: never its value. */
export type SecretRecord = {
	id: string;
	public_key: string | null;
	created_at: Date;
	expires_at: Date | null;
};

/**
 * The sealed secrets that sign now, newest first: those of an endpoint, or, without one, those that sign what jobs' own
 * URLs are sent. Validity is decided here, by time, and never by a job that cleans up.
 */
export async function listSealedSecrets(
	db: Database,
	owner: { tenantId: string; endpointId: string | null },
): Promise<string[]> {
	const rows = await db.$queryRaw<{ sealed: string }[]>`
		select sealed from webhook_secret
		where tenant_id = ${owner.tenantId} and endpoint_id is not distinct from ${owner.endpointId}
			and (expires_at is null or expires_at > now())
		order by id desc`;
	return rows.map((row) => row.sealed);
}

/** The secrets of an endpoint that sign now, newest first. */
export async function listSecrets(
	db: Database,
	endpointId: string,
): Promise<SecretRecord[]> {
	return db.$queryRaw<SecretRecord[]>`
		select id, public_key, created_at, expires_at from webhook_secret
		where endpoint_id = ${endpointId} and (expires_at is null or expires_at > now()) order by id desc`;
}

// Whoever loses against another change of the same secrets looks again; more changes at once than this nobody makes.
const maxTries = 10;

/**
 * Adds a secret, and lets those that signed alone run out after the overlap; one that runs out earlier is left so. Null,
 * and nothing written, when as many are valid as may be, or the endpoint is gone. Changes of one endpoint's secrets are
 * made one after the other, by a compare-and-set on its row: what was counted still holds when it is written.
 */
export async function rotateSecret(
	db: Database,
	next: {
		endpointId: string;
		sealed: string;
		publicKey: string | null;
		overlapS: number;
	},
): Promise<SecretRecord | null> {
	const [added] = await inTurn(
		() => db.$queryRaw<(SecretRecord & Turn)[]>`
		with ${valid(next.endpointId)},
		allowed as (select count(*) from valid having ${next.overlapS}::int = 0 or count(*) < ${maxValidSecrets}::int),
		${turn(next.endpointId, "allowed")},
		retired as (
			update webhook_secret set
				expires_at = least(expires_at, now() + make_interval(secs => ${next.overlapS}::int))
			from turn, valid where webhook_secret.id = valid.id),
		added as (
			insert into webhook_secret (id, tenant_id, endpoint_id, sealed, public_key)
			select new_id('sec'), tenant_id, id, ${next.sealed}, ${next.publicKey} from turn
			returning id, public_key, created_at, expires_at)
		select added.*, false as lost from added
		union all ${turnLost("allowed")}`,
	);
	return added ?? null;
}

/** Ends a secret at once, as when others came to know it. False when it is not there, or is the last that signs. */
export async function expireSecret(
	db: Database,
	endpointId: string,
	secretId: string,
): Promise<boolean> {
	const expired = await inTurn(
		() => db.$queryRaw<(SecretRecord & Turn)[]>`
		with ${valid(endpointId)},
		allowed as (select from valid having count(*) > 1 and bool_or(id = ${secretId})),
		${turn(endpointId, "allowed")},
		expired as (
			update webhook_secret set expires_at = now() from turn where webhook_secret.id = ${secretId}
			returning webhook_secret.id, public_key, webhook_secret.created_at, expires_at)
		select expired.*, false as lost from expired
		union all ${turnLost("allowed")}`,
	);
	return expired.length > 0;
}

type Turn = { lost: boolean };

/** Runs the statement again while it lost its turn. */
async function inTurn<Row extends Turn>(
	run: () => Promise<Row[]>,
): Promise<Row[]> {
	for (let tries = 1; ; tries += 1) {
		const rows = await run();
		if (rows[0]?.lost !== true) return rows;
		if (tries === maxTries) throw new Error("the secrets change too fast");
	}
}

// By the clock, and not by now(): a statement that began before another one ended a secret may yet see its end, which
// would lie in the future of this statement's now() and count as valid: two at once would end the last two.
const valid = (endpointId: string) => Prisma.sql`
	seen as (select id, updated_at from endpoint where id = ${endpointId} and deleted_at is null),
	valid as (
		select secret.id from webhook_secret as secret join seen on seen.id = secret.endpoint_id
		where expires_at is null or expires_at > clock_timestamp())`;

/** The compare-and-set: one row for whoever comes first after what it has seen, none for another. */
const turn = (endpointId: string, condition: string) => Prisma.sql`
	turn as (
		update endpoint set updated_at = clock_timestamp() from seen, ${Prisma.raw(condition)}
		where endpoint.id = ${endpointId} and endpoint.updated_at = seen.updated_at returning endpoint.id, tenant_id)`;

const turnLost = (condition: string) => Prisma.sql`
	select null, null, null, null, true from seen
	where exists (select from ${Prisma.raw(condition)}) and not exists (select from turn)`;
