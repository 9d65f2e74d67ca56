import { Prisma } from "@reelay/prisma/client";
import type { AttemptOutcome, EndpointVerdict } from "../domain/delivery.ts";
import { breakerStreak, probeBaseS, probeMaxS } from "../domain/endpoint.ts";
import { toStorable } from "../domain/text.ts";
import type { Database } from "./database.ts";

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
	const [state = null] = await recordAttempts(db, [record]);
	return state;
}

/**
 * Writes several attempts down in one statement: all of them, or none. What comes of each is told by its place, as
 * `recordAttempt` tells it of one, and an endpoint's health is what it would be had they come one by one, in their order. No
 * two may be of one delivery. Locks deliveries by their ids, then endpoints by theirs, so that two such statements never
 * wait for each other in a ring. Each delivery is locked and judged by its key alone, so that no plan reads what else is
 * pending. Indexes: delivery_pkey, endpoint_pkey.
 */
export async function recordAttempts(
	db: Database,
	records: readonly AttemptRecord[],
): Promise<(string | null)[]> {
	const rows = await db.$queryRaw<{ place: number; state: string }[]>`
		with ${told(records)},
		logged as (
			insert into attempt (delivery_id, n, outcome, status, class, phase, error, excerpt, url, timings, duration_ms, next_at)
			select delivery_id, n, outcome, status, class, phase, error, excerpt, url, timings, duration_ms, next_at from told
			on conflict do nothing),
		held as materialized (
			select told.*, endpoint_id from told cross join lateral (
				select endpoint_id, state, lease_owner, attempts from delivery
				where id = told.delivery_id limit 1 for no key update) as owed
			where owed.state = 'pending' and ((lease_owner = told.owner and attempts = told.n) or told.state = 'delivered')),
		moved as (
			update delivery set state = held.state, lease_owner = null, last_status = held.status, last_error = held.error,
				due_at = held.next_at, finished_at = case when held.state = 'pending' then null else now() end
			from held where delivery.id = held.delivery_id
			returning place, verdict, delivery.state, held.endpoint_id),
		${judged}
		select place, state from moved`;
	const states = new Map(rows.map(({ place, state }) => [place, state]));
	return records.map((_, place) => states.get(place) ?? null);
}

/** The attempts as rows. One parameter, so that the statement is the same for any number. */
const told = (records: readonly AttemptRecord[]): Prisma.Sql => Prisma.sql`
	told as materialized (
		select *, now() + next_in_ms * interval '1 ms' as next_at
		from jsonb_to_recordset(${JSON.stringify(records.map(rowOf))}::jsonb) as item (
			place int, delivery_id text, owner text, n int, outcome text, state text, verdict text, url text, status int,
			class text, phase text, error text, excerpt text, timings jsonb, duration_ms int, next_in_ms int)
		order by delivery_id)`;

function rowOf(record: AttemptRecord, place: number) {
	const state = decideState(record);
	return {
		place,
		delivery_id: record.deliveryId,
		owner: record.owner,
		n: record.n,
		outcome: record.outcome,
		state,
		verdict: record.verdict,
		url: record.url,
		status: record.status,
		class: record.class,
		phase: record.phase,
		// What a receiver sent may hold a NUL, or end in half a character.
		error: record.error === null ? null : toStorable(record.error),
		excerpt: record.excerpt === null ? null : toStorable(record.excerpt),
		timings: record.timings,
		duration_ms: record.durationMs,
		next_in_ms: state === "pending" ? record.nextInMs : null,
	};
}

function decideState(record: AttemptRecord): string {
	if (record.outcome === "delivered") return "delivered";
	if (record.outcome === "aborted") return "aborted";
	return record.nextInMs === null ? "exhausted" : "pending";
}

const streak = Prisma.sql`case when has_healed then 0 else failure_streak end + failures`;
const waitS = Prisma.sql`least(${probeMaxS}::float8,
	${probeBaseS}::float8 * power(2, least(10, ${streak} - ${breakerStreak}::int)))`;

/**
 * The CTEs that keep the health of the endpoints of the CTE `moved`. A success ends an endpoint's failures and shuts its
 * breaker; so many failures in a row open it, and each further one makes the next probe wait longer; and some answers
 * disable it. Of several attempts, those count that came behind the last success. A success of an endpoint that is well
 * writes nothing, and waits for nobody.
 */
const judged = Prisma.sql`
	verdicts as (
		select endpoint_id, place, verdict,
			max(place) filter (where verdict = 'healthy') over (partition by endpoint_id) as healed_at
		from moved where endpoint_id is not null and verdict <> 'none'),
	summed as (
		select endpoint_id, bool_or(healed_at is not null) as has_healed,
			count(*) filter (where place > coalesce(healed_at, -1))::int as failures,
			(array_agg(verdict order by place) filter (where verdict in ('gone', 'asked')))[1] as reason
		from verdicts group by endpoint_id),
	sick as materialized (
		select endpoint.id, has_healed, failures, reason from endpoint join summed on summed.endpoint_id = endpoint.id
		where failures > 0 or reason is not null or failure_streak > 0 or probe_at is not null
		order by endpoint.id for no key update of endpoint),
	judged as (
		update endpoint set
			failing_since = case when failures > 0 then coalesce(case when not has_healed then failing_since end, now()) end,
			failure_streak = ${streak},
			warned_at = case when not has_healed then warned_at end,
			probe_at = case when failures > 0 and ${streak} >= ${breakerStreak}::int
				then now() + make_interval(secs => ${waitS}) when not has_healed then probe_at end,
			disabled_at = case when reason is null then disabled_at else coalesce(disabled_at, now()) end,
			disabled_reason = coalesce(disabled_reason, reason)
		from sick where endpoint.id = sick.id)`;
