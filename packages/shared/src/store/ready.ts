import type { JobError } from "../domain/job-record.ts";
import { jobTransitions } from "../domain/transitions.ts";
import type { Database } from "./database.ts";
import { eventsOfEnded } from "./events.ts";
import { isInTurn } from "./scheduled.ts";
import { jsonb, oneOf } from "./sql.ts";

/**
 * A ready job that nobody has rung for in this long is rung for again: its ring may have been lost. Each further ring comes
 * when it has waited as long again since its time came: a long queue is not to be rung for over and over, while workers look by
 * themselves.
 */
export const rehintAfterS = 60;

/** A ready job that is rung for; its place in the order in which jobs are looked at. */
export type DueRing = {
	id: string;
	priority: number;
	tenant_id: string;
	/** As text, which keeps the microseconds. */
	created_at: string;
};

const beforeAll: DueRing = {
	id: "",
	priority: -1,
	tenant_id: "",
	created_at: "-infinity",
};

/**
 * The next ready jobs behind a place whose rings are due, marked as rung for; whoever goes on behind the last of them does not
 * read them again. A crash between this commit and the ring costs the second until a worker looks by itself, and nothing else. A
 * ring says only that there is work, so their order does not matter. Index: job_due_turn_idx.
 */
export async function claimRingsDue(
	db: Database,
	limit: number,
	after: DueRing = beforeAll,
): Promise<DueRing[]> {
	return db.$queryRaw<DueRing[]>`
		with due as (
			select id, priority, tenant_id, created_at from job
			where ${isInTurn} and not_before <= now()
				and (priority, tenant_id, created_at, id)
					> (${after.priority}::int, ${after.tenant_id}, ${after.created_at}::text::timestamptz, ${after.id})
				and (hinted_at is null
					or hinted_at < now() - greatest(make_interval(secs => ${rehintAfterS}::int), hinted_at - not_before))
			order by priority, tenant_id, created_at, id limit ${limit}::int for update skip locked),
		rung as (update job set hinted_at = now() from due where job.id = due.id)
		select id, priority, tenant_id, created_at::text from due order by priority, tenant_id, due.created_at, id`;
}

/** Every ready job in turn counts as not rung for: the engine has lost its rings. Returns how many there are. */
export async function forgetRings(db: Database): Promise<number> {
	return db.$executeRaw`
		update job set hinted_at = null where ${isInTurn} and hinted_at is not null`;
}

/**
 * Queued jobs whose start deadline passed: expired, free of charge unless an earlier submission says otherwise. `live`
 * says nothing that `ready` does not, but opens job_start_by_idx, which is kept out of the claim's way.
 */
export async function expireQueued(
	db: Database,
	limit: number,
	error: JobError,
): Promise<{ expired: number; deliveries: number }> {
	const rows = await db.$queryRaw<{ expired: number; deliveries: number }[]>`
		with due as (
			select id from job where ready and live and start_by <= now()
			order by start_by limit ${limit}::int for update skip locked),
		ended as (
			update job set state = 'expired', live = false, ready = false, error = ${jsonb(error)},
				finished_at = now(), updated_at = now()
			from due where job.id = due.id and job.state in (${oneOf(jobTransitions.expire.from)})
			returning job.*),
		${eventsOfEnded},
		told as (insert into timeline (job_id, type) select id, 'expired' from ended)
		select (select count(*)::int from ended) as expired, (select count(*)::int from delivery_born) as deliveries`;
	return rows[0] ?? { expired: 0, deliveries: 0 };
}

/**
 * Submissions that the provider may charge for and has not told the end of, by state: a live one is always possibly
 * charged. What they will cost is not known before their end. Index: submission_one_live_key.
 */
export async function countPossibleCharges(
	db: Database,
): Promise<Record<string, number>> {
	const rows = await db.$queryRaw<{ state: string; count: number }[]>`
		select case when overdue_at is null then state else 'overdue' end as state, count(*)::int as count
		from submission where live group by 1`;
	return Object.fromEntries(rows.map((row) => [row.state, row.count]));
}

/**
 * Live jobs by state, and the age of the oldest that could be submitted now: the figures that an operator watches. A live
 * job is ready or has a live submission, so only those are read, and never the history. Indexes: job_ready_idx,
 * submission_one_live_key.
 */
export async function countLiveJobs(db: Database): Promise<{
	byState: Record<string, number>;
	oldestReadyS: number;
}> {
	const rows = await db.$queryRaw<
		{ state: string; count: number; oldest_s: number }[]
	>`
		with live_job as (
			select state, ready, created_at, not_before from job where ready
			union all
			select job.state, ready, created_at, not_before from submission join job on job.id = submission.job_id
			where submission.live and job.live)
		select state, count(*)::int as count,
			coalesce(max(extract(epoch from now() - greatest(created_at, not_before)))
				filter (where ready and not_before <= now()), 0)::float8 as oldest_s
		from live_job group by state`;
	return {
		byState: Object.fromEntries(rows.map((row) => [row.state, row.count])),
		oldestReadyS: Math.max(0, ...rows.map((row) => row.oldest_s)),
	};
}
