import { Prisma } from "@reelay/prisma/client";
import {
	breakerBaseS,
	breakerMaxS,
	breakerStreak,
} from "../domain/deadline.ts";
import type { Database } from "./database.ts";

/** The one provider of today; a second would have a row, slots and limits of its own. */
export const provider = "see2ai";

/** The CTE that gives back the slots of the submissions in the named CTE; part of each statement that ends them. */
export function freedSlotsOf(cte: string): Prisma.Sql {
	const ended = Prisma.raw(cte);
	return Prisma.sql`freed as (
		update provider_slot set submission_id = null from ${ended}
		where provider = ${provider} and submission_id = ${ended}.id)`;
}

/** Why no submission may be sent at the moment, and when to look again. */
export type GovernorStatus = {
	closed_reason: "funds" | "credentials" | "errors" | null;
	closed_detail: string | null;
	blocked_ms: number;
	grant_in_ms: number;
	free_slots: number;
	slots: number;
	ready_jobs: boolean;
};

/**
 * Makes the provider's row and slots say what the settings say. Every worker calls it when it starts; the last one
 * wins, and slots above the limit are kept but no longer given out.
 */
export async function ensureGovernor(
	db: Database,
	limits: { rateCount: number; rateWindowMs: number; concurrency: number },
): Promise<void> {
	await db.$executeRaw`
		insert into governor (provider, rate_count, rate_window_ms, concurrency)
		values (${provider}, ${limits.rateCount}::int, ${limits.rateWindowMs}::int, ${limits.concurrency}::int)
		on conflict (provider) do update set rate_count = excluded.rate_count,
			rate_window_ms = excluded.rate_window_ms, concurrency = excluded.concurrency`;
	await ensureSlots(db);
}

/** Makes the slots that the limit asks for and that are missing, as after an operator has raised it. Returns how many. */
export async function ensureSlots(db: Database): Promise<number> {
	return db.$executeRaw`
		insert into provider_slot (provider, slot)
		select provider, n from governor, generate_series(0, concurrency - 1) as n where provider = ${provider}
		on conflict do nothing`;
}

/** What holds submissions back right now; read after a claim came back empty, and by readiness and metrics. */
export async function findGovernorStatus(
	db: Database,
): Promise<GovernorStatus | null> {
	const rows = await db.$queryRaw<GovernorStatus[]>`
		select g.closed_reason, g.closed_detail, g.concurrency as slots,
			greatest(0, coalesce(ceil(extract(epoch from greatest(g.blocked_until, case when g.closed_reason is not null
				then g.probe_at end) - clock_timestamp()) * 1000), 0))::int as blocked_ms,
			greatest(0, coalesce(ceil(extract(epoch from g.grants[cardinality(g.grants) - g.rate_count + 1]
				- clock_timestamp()) * 1000) + g.rate_window_ms, 0))::int as grant_in_ms,
			(select greatest(0, least(count(*) filter (where submission_id is null and slot < g.concurrency),
				g.concurrency - count(submission_id))) from provider_slot p where p.provider = g.provider)::int as free_slots,
			exists (select from job where ready and not_before <= now() and start_by > now()) as ready_jobs
		from governor g where g.provider = ${provider}`;
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

/**
 * Frees slots whose submission no longer runs. Every settling statement frees its own, so this finds something only
 * after a row was changed by hand. A slot that was freed and taken again meanwhile is left to its new holder, whom this
 * statement's snapshot cannot see.
 */
export async function freeLostSlots(db: Database): Promise<number> {
	return db.$executeRaw`
		with lost as (
			select submission_id from provider_slot
			where submission_id is not null and not exists (
				select from submission where id = provider_slot.submission_id and live and overdue_at is null))
		update provider_slot set submission_id = null from lost
		where provider_slot.submission_id = lost.submission_id`;
}
