import { Prisma } from "@reelay/prisma/client";
import type { JsonObject, JsonValue } from "../domain/actions/action.ts";
import { idempotencyWindowS } from "../domain/deadline.ts";
import type { JobState, UnknownPolicy } from "../domain/job.ts";
import type { JobRecord } from "../domain/job-record.ts";
import { jobTransitions } from "../domain/transitions.ts";
import type { Database } from "./database.ts";
import { eventsOfEnded, eventsOnTheWay } from "./events.ts";
import { jsonb, oneOf } from "./sql.ts";

/** A validated job, before the database gives it an id and an instant. */
export type NewJob = {
	tenantId: string;
	action: string;
	mode: string;
	input: JsonObject;
	warnings: JsonValue[];
	idempotencyKey: string | null;
	fingerprint: Buffer;
	externalId: string | null;
	metadata: JsonObject;
	tags: string[];
	webhookUrl: string | null;
	priority: number;
	runAt: Date | null;
	startWithinS: number;
	timeoutS: number;
	maxSubmissions: number;
	onUnknown: UnknownPolicy;
};

/**
 * Writes the job and the first line of its timeline, and returns it; null when its idempotency key or external id is
 * taken. The row counts as rung for, because the caller rings after the commit; a lost ring costs latency only. Losing is
 * told by a second statement (`findJobByIdempotencyKey`): inside this one, a concurrent winner's row would not be visible yet.
 */
export async function insertJob(
	db: Database,
	job: NewJob,
): Promise<JobRecord | null> {
	const rows = await db.$queryRaw<JobRecord[]>`
		with born as (
			insert into job (id, tenant_id, action, mode, input, warnings, idem_key, fingerprint, external_id, metadata,
				tags, webhook_url, priority, not_before, start_by, hinted_at, timeout_s, max_submissions, on_unknown)
			values (new_id('job'), ${job.tenantId}, ${job.action}, ${job.mode}, ${jsonb(job.input)},
				${jsonb(job.warnings)}, ${job.idempotencyKey}, ${job.fingerprint}, ${job.externalId},
				${jsonb(job.metadata)}, ${job.tags}::text[], ${job.webhookUrl}, ${job.priority}::smallint,
				greatest(now(), ${job.runAt?.toISOString() ?? null}::timestamptz),
				greatest(now(), ${job.runAt?.toISOString() ?? null}::timestamptz)
					+ make_interval(secs => ${job.startWithinS}::int),
				case when ${job.runAt?.toISOString() ?? null}::timestamptz is null then now() end,
				${job.timeoutS}::int, ${job.maxSubmissions}::smallint, ${job.onUnknown})
			on conflict do nothing
			returning *),
		${eventsOnTheWay("born", "video.queued")},
		told as (insert into timeline (job_id, type) select id, 'accepted' from born)
		select * from born`;
	return rows[0] ?? null;
}

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

/** A page of the tenant's jobs, newest first, after the given id. Reads one of the two tenant indexes. */
export async function listJobs(
	db: Database,
	query: {
		tenantId: string;
		states: readonly JobState[];
		afterId: string | null;
		limit: number;
	},
): Promise<JobRecord[]> {
	const inStates =
		query.states.length === 0
			? Prisma.empty
			: Prisma.sql`and state in (${oneOf(query.states)})`;
	const after =
		query.afterId === null
			? Prisma.empty
			: Prisma.sql`and id < ${query.afterId}`;
	return db.$queryRaw<JobRecord[]>`
		select * from job where tenant_id = ${query.tenantId} ${inStates} ${after}
		order by id desc limit ${query.limit}::int`;
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
