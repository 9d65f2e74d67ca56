/**
 * Deliveries live in Postgres from birth to end: `due_at` is the schedule, and, while an attempt is under way, the
 * instant at which its worker counts as dead and another may try. So the claim is its own rescue, and a crash between
 * the receiver's answer and our commit repeats the attempt with the same event id, which is what "at least once" means.
 */
import type { AttemptOutcome } from "../domain/delivery.ts";
import type { JobRecord } from "../domain/job-record.ts";
import { deliveryScheduleMs } from "../domain/retry.ts";
import type { Database } from "./database.ts";

/** Longer than the longest attempt (15 s), so that a live worker is never overtaken. */
const attemptLeaseS = 60;

/** How many attempts one lane may have under way. */
const laneConcurrency = 3;

/**
 * The leases of one claim end up to this much apart. Where one event kills each process that works on it, those that were
 * claimed with it are then not claimed with it again, and are sent before it kills the next one.
 */
const attemptLeaseSpreadS = 30;

const maxAttempts = deliveryScheduleMs.length;

export type ClaimedDelivery = {
	id: string;
	event_id: string;
	tenant_id: string;
	url: string;
	/** The name under which it was claimed, which is asked for when the attempt is recorded. */
	owner: string;
	/** The number of this attempt, from 1. */
	attempt: number;
	event_type: string;
	event_at: Date;
	snapshot: JobRecord;
};

/**
 * Takes up to `limit` deliveries that are due, counts the attempt and leases them: from each lane no more than it has
 * places (`laneConcurrency`), and from those that hold the fewest first, so that a backlog costs only its own lane. Workers
 * that claim at the same moment may together give a lane a few places too many. The count comes before the attempt, so
 * that a delivery of which each worker dies ends too, by `exhaustLost`. Indexes: delivery_due_idx to know that anything is
 * due, delivery_lane_idx by a loose scan that touches one row for each lane, delivery_leased_idx.
 */
export async function claimDueDeliveries(
	db: Database,
	owner: string,
	limit: number,
): Promise<ClaimedDelivery[]> {
	return db.$queryRaw<ClaimedDelivery[]>`
		with recursive lanes as (
			(select lane from delivery
				where due_at is not null and exists (select from delivery where due_at <= now()) order by lane limit 1)
			union all
			select following.lane from lanes cross join lateral (
				select lane from delivery where due_at is not null and lane > lanes.lane order by lane limit 1) as following),
		due as (
			select oldest.id from lanes cross join lateral (
				select count(*)::int as held from delivery
				where lane = lanes.lane and lease_owner is not null and due_at > now()) as lane
			cross join lateral (
				select id, due_at, lane.held + row_number() over (order by due_at, id) as place from (
					select id, due_at from delivery where lane = lanes.lane and due_at <= now() and attempts < ${maxAttempts}::int
					order by due_at, id limit greatest(0, ${laneConcurrency}::int - lane.held)
					for update skip locked) as candidate) as oldest
			order by oldest.place, oldest.due_at limit ${limit}::int),
		claimed as (
			update delivery set attempts = attempts + 1, lease_owner = ${owner},
				due_at = now() + make_interval(secs => ${attemptLeaseS}::int + ${attemptLeaseSpreadS}::int * random())
			from due where delivery.id = due.id
			returning delivery.id, event_id, delivery.tenant_id, url, lease_owner, attempts)
		select claimed.id, event_id, claimed.tenant_id, url, lease_owner as owner, attempts as attempt,
			event.type as event_type, event.created_at as event_at, event.snapshot
		from claimed join event on event.id = claimed.event_id`;
}

/**
 * Undoes claims that were committed while their answer was lost: no attempt was made, so none is counted, and the
 * deliveries are due again. Only for a caller who knows that no claim under these names was ever answered. Reads what is
 * leased by delivery_leased_idx.
 */
export async function returnUnheardDeliveries(
	db: Database,
	owners: readonly string[],
): Promise<number> {
	return db.$executeRaw`
		update delivery set attempts = attempts - 1, lease_owner = null, due_at = now()
		where due_at <= now() + make_interval(secs => ${attemptLeaseS + attemptLeaseSpreadS}::int) and lease_owner = any(${owners}::text[])`;
}

export type AttemptRecord = {
	deliveryId: string;
	/** The name under which it was claimed. */
	owner: string;
	n: number;
	outcome: AttemptOutcome;
	status: number | null;
	error: string | null;
	excerpt: string | null;
	durationMs: number;
	/** Until the next attempt; null when there is none. */
	nextInMs: number | null;
};

/**
 * Writes the attempt down and moves the delivery on. Returns its state, or null when this worker had been given up
 * and another has taken the delivery: the attempt is still logged, and the later one decides.
 */
export async function recordAttempt(
	db: Database,
	record: AttemptRecord,
): Promise<string | null> {
	const state = decideState(record);
	const rows = await db.$queryRaw<{ state: string }[]>`
		with logged as (
			insert into attempt (delivery_id, n, outcome, status, error, excerpt, duration_ms)
			values (${record.deliveryId}, ${record.n}::int, ${record.outcome}, ${record.status}::int, ${record.error},
				${record.excerpt}, ${record.durationMs}::int)
			on conflict do nothing)
		update delivery set state = ${state}, lease_owner = null, last_status = ${record.status}::int,
			last_error = ${record.error},
			due_at = case when ${state} = 'pending' then now() + ${record.nextInMs}::int * interval '1 ms' end,
			finished_at = case when ${state} = 'pending' then null else now() end
		where id = ${record.deliveryId} and state = 'pending'
			and ((lease_owner = ${record.owner} and attempts = ${record.n}::int) or ${state} = 'delivered')
		returning state`;
	return rows[0]?.state ?? null;
}

function decideState(record: AttemptRecord): string {
	if (record.outcome === "delivered") return "delivered";
	if (record.outcome === "aborted") return "aborted";
	return record.nextInMs === null ? "exhausted" : "pending";
}

const lostAttempt = "worker_lost: the worker that made it is gone";

/**
 * Ends deliveries whose last attempt was begun by a worker that is gone: nobody will write down how it ended, and there
 * is no attempt left. Returns how many. Index: delivery_due_idx.
 */
export async function exhaustLost(
	db: Database,
	limit: number,
): Promise<number> {
	return db.$executeRaw`
		with lost as (
			select id from delivery where due_at <= now() and attempts >= ${maxAttempts}::int
			order by due_at limit ${limit}::int for update skip locked),
		ended as (
			update delivery set state = 'exhausted', due_at = null, lease_owner = null, last_status = null,
				last_error = ${lostAttempt}, finished_at = now()
			from lost where delivery.id = lost.id and state = 'pending' returning delivery.id, attempts)
		insert into attempt (delivery_id, n, outcome, error, duration_ms)
		select id, attempts, 'retry', ${lostAttempt}, 0 from ended on conflict do nothing`;
}
