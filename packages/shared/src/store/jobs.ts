import { Prisma } from "@reelay/prisma/client";
import { idempotencyWindowS } from "../domain/deadline.ts";
import type { JobRecord } from "../domain/job-record.ts";
import { jobTransitions } from "../domain/transitions.ts";
import type { Database } from "./database.ts";
import { eventsOfEnded } from "./events.ts";
import { oneOf } from "./sql.ts";

/** The job that holds this key, with the fingerprint of the request that made it, or null. */
export async function findJobByIdempotencyKey(
	db: Database,
	tenantId: string,
	key: string,
): Promise<(JobRecord & { fingerprint: Uint8Array }) | null> {
	const rows = await db.$queryRaw<
		(JobRecord & { fingerprint: Uint8Array })[]
	>`select * from job where tenant_id = ${tenantId} and idem_key = ${key}`;
	return rows[0] ?? null;
}

/** The tenant's job that has this id of theirs, or null. */
export async function findJobByExternalId(
	db: Database,
	tenantId: string,
	externalId: string,
): Promise<JobRecord | null> {
	const rows = await db.$queryRaw<JobRecord[]>`
		select * from job where tenant_id = ${tenantId} and external_id = ${externalId}`;
	return rows[0] ?? null;
}

/** The tenant's job, or null; another tenant's job is null too. */
export async function findJob(
	db: Database,
	tenantId: string,
	id: string,
): Promise<JobRecord | null> {
	const rows = await db.$queryRaw<JobRecord[]>`
		select * from job where id = ${id} and tenant_id = ${tenantId}`;
	return rows[0] ?? null;
}

/** The job that tries this one again, with the fingerprint of the request that made it, or null. */
export async function findRetry(
	db: Database,
	tenantId: string,
	id: string,
): Promise<(JobRecord & { fingerprint: Uint8Array }) | null> {
	const rows = await db.$queryRaw<
		(JobRecord & { fingerprint: Uint8Array })[]
	>`select * from job where retry_of = ${id} and tenant_id = ${tenantId}`;
	return rows[0] ?? null;
}

/**
 * Cancels a queued job at once, free of charge, or notes the wish on one that has been sent: the provider cannot be
 * stopped, so such a job ends as cancelled when its result arrives. Returns the job, or null when it was final already
 * or is not the tenant's. Calling it twice changes nothing more.
 */
export async function applyCancel(
	db: Database,
	tenantId: string,
	id: string,
): Promise<JobRecord | null> {
	const cancels = Prisma.sql`job.state in (${oneOf(jobTransitions.cancel.from)})`;
	const rows = await db.$queryRaw<JobRecord[]>`
		-- Locked before it is read, so that of several that ask at once only the first finds no wish yet.
		with before as (
			select id, cancel_requested_at as asked_at from job
			where id = ${id} and tenant_id = ${tenantId} and live for update),
		j as (
			update job set
				state = case when ${cancels} then 'cancelled' else state end,
				live = not (${cancels}), ready = false,
				finished_at = case when ${cancels} then now() end,
				cancel_requested_at = coalesce(cancel_requested_at, now()), updated_at = now()
			from before where job.id = before.id
			returning job.*),
		ended as (select * from j where state = 'cancelled'),
		${eventsOfEnded},
		told as (
			insert into timeline (job_id, type)
			select id, case state when 'cancelled' then 'cancelled' else 'cancel_requested' end from j
			where state = 'cancelled' or (select asked_at from before) is null)
		select * from j`;
	return rows[0] ?? null;
}

/** Frees idempotency keys older than their window, so that they may be used again. Index: job_idem_age_idx. */
export async function pruneIdempotencyKeys(
	db: Database,
	limit: number,
): Promise<number> {
	return db.$executeRaw`
		update job set idem_key = null where id in (
			select id from job where idem_key is not null
				and created_at < now() - make_interval(secs => ${idempotencyWindowS}::int)
			order by created_at limit ${limit}::int for update skip locked)`;
}
