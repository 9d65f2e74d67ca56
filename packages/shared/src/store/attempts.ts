import { Prisma } from "@reelay/prisma/client";
import type { AttemptOutcome, EndpointVerdict } from "../domain/delivery.ts";
import { breakerStreak, probeBaseS, probeMaxS } from "../domain/endpoint.ts";
import type { Database } from "./database.ts";
import { jsonb } from "./sql.ts";

/** What came of one attempt. */
export type AttemptRecord = {
	deliveryId: string;
	/** The name under which it was claimed. */
	owner: string;
	n: number;
	outcome: AttemptOutcome;
	/** What it says about the endpoint; see `judgeEndpoint`. */
	verdict: EndpointVerdict;
	url: string;
	status: number | null;
	/** The failure in one word, and how far the request had come; null when it was delivered. */
	class: string | null;
	phase: string | null;
	error: string | null;
	excerpt: string | null;
	/** Milliseconds of each phase. */
	timings: Record<string, number | null>;
	durationMs: number;
	/** Until the next attempt; null when there is none. */
	nextInMs: number | null;
};

/**
 * Writes the attempt down, moves the delivery on, and tells the endpoint's health. Returns the delivery's state, or null when
 * this worker had been given up and another has taken it: the attempt is still logged, and the later one decides. Twice
 * the same record changes nothing more: the second finds the delivery moved on.
 */
export async function recordAttempt(
	db: Database,
	record: AttemptRecord,
): Promise<string | null> {
	const state = decideState(record);
	const isPending = state === "pending";
	const nextAt = Prisma.sql`now() + ${record.nextInMs}::int * interval '1 ms'`;
	const rows = await db.$queryRaw<{ state: string }[]>`
		with logged as (
			insert into attempt (delivery_id, n, outcome, status, class, phase, error, excerpt, url, timings, duration_ms, next_at)
			values (${record.deliveryId}, ${record.n}::int, ${record.outcome}, ${record.status}::int, ${record.class},
				${record.phase}, ${record.error}, ${record.excerpt}, ${record.url}, ${jsonb(record.timings)},
				${record.durationMs}::int, case when ${isPending} then ${nextAt} end)
			on conflict do nothing),
		moved as (
			update delivery set state = ${state}, lease_owner = null, last_status = ${record.status}::int,
				last_error = ${record.error}, due_at = case when ${isPending} then ${nextAt} end,
				finished_at = case when ${isPending} then null else now() end
			where id = ${record.deliveryId} and state = 'pending'
				and ((lease_owner = ${record.owner} and attempts = ${record.n}::int) or ${state} = 'delivered')
			returning state, endpoint_id),
		${judged(record.verdict)}
		select state from moved`;
	return rows[0]?.state ?? null;
}

function decideState(record: AttemptRecord): string {
	if (record.outcome === "delivered") return "delivered";
	if (record.outcome === "aborted") return "aborted";
	return record.nextInMs === null ? "exhausted" : "pending";
}

/**
 * The CTE that keeps the health of the endpoint of the CTE `moved`. A success ends its failures and shuts its breaker; so
 * many failures in a row open it, and each further one makes the next probe wait longer; and some answers disable it.
 */
function judged(verdict: EndpointVerdict): Prisma.Sql {
	const isHealthy = verdict === "healthy";
	const streak = Prisma.sql`failure_streak + 1`;
	const waitS = Prisma.sql`least(${probeMaxS}::float8,
		${probeBaseS}::float8 * power(2, least(10, ${streak} - ${breakerStreak}::int)))`;
	const reason = verdict === "gone" || verdict === "asked" ? verdict : null;
	return Prisma.sql`judged as (
		update endpoint set
			failing_since = case when not ${isHealthy} then coalesce(failing_since, now()) end,
			failure_streak = case when ${isHealthy} then 0 else ${streak} end,
			warned_at = case when not ${isHealthy} then warned_at end,
			probe_at = case when ${isHealthy} then null
				when ${streak} >= ${breakerStreak}::int then now() + make_interval(secs => ${waitS}) else probe_at end,
			disabled_at = case when ${reason}::text is null then disabled_at else coalesce(disabled_at, now()) end,
			disabled_reason = coalesce(disabled_reason, ${reason}::text)
		from moved where endpoint.id = moved.endpoint_id and ${verdict} <> 'none'
			and (not ${isHealthy} or failure_streak > 0 or probe_at is not null))`;
}
