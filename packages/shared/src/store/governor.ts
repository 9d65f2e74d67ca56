import { Prisma } from "@reelay/prisma/client";
import {
	breakerBaseS,
	breakerMaxS,
	breakerStreak,
} from "../domain/deadline.ts";
import type { Database } from "./database.ts";

/** The one provider of today; a second would have a row, slots and limits of its own. */
export const provider = "see2ai";

/**
 * The submissions that take a slot of the provider: those that may be rendering now, so that a slot cannot be lost, or kept
 * by mistake. It reads from the oldest one that the governor's row, which is in reach under this name, knows of; what
 * has no number was granted by a process of the previous release. Index: submission_running_idx.
 */
export function runningSubmissions(governor: string): Prisma.Sql {
	const row = Prisma.raw(governor);
	return Prisma.sql`
		select submission.id, job_id, grant_no from ${row} join submission on grant_no >= oldest_running
		where submission.live and overdue_at is null
		union all
		select id, job_id, grant_no from submission where grant_no is null and live and overdue_at is null`;
}

/** Why no submission may be sent at the moment, and when to look again. */
export type GovernorStatus = {
	closed_reason: "funds" | "credentials" | "errors" | null;
	closed_detail: string | null;
	blocked_ms: number;
	grant_in_ms: number;
	free_slots: number;
	slots: number;
};

/** Makes the provider's row say what the settings say. Every worker calls it when it starts; the last one wins. */
export async function ensureGovernor(
	db: Database,
	limits: { rateCount: number; rateWindowMs: number; concurrency: number },
): Promise<void> {
	await db.$executeRaw`
		insert into governor (provider, rate_count, rate_window_ms, concurrency)
		values (${provider}, ${limits.rateCount}::int, ${limits.rateWindowMs}::int, ${limits.concurrency}::int)
		on conflict (provider) do update set rate_count = excluded.rate_count,
			rate_window_ms = excluded.rate_window_ms, concurrency = excluded.concurrency`;
}

/** What holds submissions back right now; read after a claim came back empty, and by readiness and metrics. */
export async function findGovernorStatus(
	db: Database,
): Promise<GovernorStatus | null> {
	const rows = await db.$queryRaw<GovernorStatus[]>`
		with g as materialized (select * from governor where provider = ${provider})
		select closed_reason, closed_detail, concurrency as slots,
			greatest(0, coalesce(ceil(extract(epoch from greatest(blocked_until, case when closed_reason is not null
				then probe_at end) - clock_timestamp()) * 1000), 0))::int as blocked_ms,
			greatest(0, coalesce(ceil(extract(epoch from (
				select intent_at from submission where grant_no <= granted + 1 - rate_count order by grant_no desc limit 1)
				- clock_timestamp()) * 1000) + rate_window_ms, 0))::int as grant_in_ms,
			greatest(0, concurrency - (select count(*) from (${runningSubmissions("g")}) as running))::int as free_slots
		from g`;
	return rows[0] ?? null;
}

/** Everyone waits: no submission is granted until then. A shorter wait never shortens a longer one. */
export async function blockGovernor(
	db: Database,
	waitMs: number,
): Promise<void> {
	await db.$executeRaw`
		update governor set blocked_until = greatest(blocked_until, clock_timestamp() + ${waitMs}::int * interval '1 ms')
		where provider = ${provider}`;
}

/**
 * Closes the provider for a reason that no single job can cure. Jobs stay queued; a probe goes through at `probe_at`, and
 * the first one that is not refused for the same reason reopens. What a Retry-After asked for holds for probes as well.
 */
export async function closeGovernor(
	db: Database,
	closing: { reason: "funds" | "credentials"; detail: string; probeS: number },
): Promise<void> {
	await db.$executeRaw`
		update governor set closed_reason = ${closing.reason}, closed_detail = ${closing.detail},
			closed_at = coalesce(closed_at, clock_timestamp()),
			probe_at = greatest(probe_at, clock_timestamp() + make_interval(secs => ${closing.probeS}::int))
		where provider = ${provider}`;
}

/** Opens the provider again; does nothing when it is open. Returns whether it was closed, or had been failing. */
export async function reopenGovernor(db: Database): Promise<boolean> {
	const opened = await db.$executeRaw`
		update governor set closed_reason = null, closed_detail = null, closed_at = null, error_streak = 0,
			probe_at = null
		where provider = ${provider} and (closed_reason is not null or error_streak > 0)`;
	return opened > 0;
}

/**
 * The CTE that counts an answer of 500, 502 or 503 for the submission in the named CTE, and opens the breaker when there
 * were several in a row: jobs stay queued, and one canary goes through at a time. It is part of the statement that rejects
 * the submission, so that one answer counts once, and no claim sees the job back in the queue without it. Any other
 * answer closes the breaker (`reopenGovernor`); a closing for funds or credentials stays what it is.
 */
export function countedErrorOf(cte: string, detail: string): Prisma.Sql {
	const opens = Prisma.sql`error_streak + 1 >= ${breakerStreak}::int`;
	const waitS = Prisma.sql`least(${breakerMaxS}::float8,
		${breakerBaseS}::float8 * power(2, least(error_streak + 1 - ${breakerStreak}::int, 10)))`;
	return Prisma.sql`counted as (
		update governor set error_streak = error_streak + 1,
			closed_reason = case when ${opens} then coalesce(closed_reason, 'errors') else closed_reason end,
			closed_detail = case when ${opens} then coalesce(closed_detail, ${detail}) else closed_detail end,
			closed_at = case when ${opens} then coalesce(closed_at, clock_timestamp()) else closed_at end,
			probe_at = case when ${opens} then greatest(probe_at, clock_timestamp() + make_interval(secs => ${waitS}))
				else probe_at end
		from ${Prisma.raw(cte)} where provider = ${provider})`;
}
