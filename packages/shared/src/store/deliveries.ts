/**
 * Deliveries live in Postgres from birth to end: `due_at` is the schedule, and, while an attempt is under way, the
 * instant at which its worker counts as dead and another may try. So the claim is its own rescue, and a crash between
 * the receiver's answer and our commit repeats the attempt with the same event id, which is what "at least once" means.
 */
import { Prisma } from "@reelay/prisma/client";
import type { JsonObject } from "../domain/actions/action.ts";
import { defaultConcurrency } from "../domain/endpoint.ts";
import type { JobRecord } from "../domain/job-record.ts";
import type { Database } from "./database.ts";
import { isTestLane, maxAttemptsOf } from "./lanes.ts";

/** Longer than the longest attempt (15 s), so that a live worker is never overtaken. */
const attemptLeaseS = 60;

/**
 * The leases of one claim end up to this much apart. Where one event kills each process that works on it, those that were
 * claimed with it are then not claimed with it again, and are sent before it kills the next one.
 */
const attemptLeaseSpreadS = 30;

export type ClaimedDelivery = {
	id: string;
	event_id: string;
	tenant_id: string;
	/** Null when it goes to the URL that its job names. */
	endpoint_id: string | null;
	/** An endpoint's as it is now, whatever it was when the event was born. */
	url: string;
	/** The name under which it was claimed, which is asked for when the attempt is recorded. */
	owner: string;
	/** The number of this attempt, from 1, and its number in the present round of the schedule. */
	attempt: number;
	step: number;
	/** Seconds before each attempt of a round; null is the usual schedule. */
	schedule_s: number[] | null;
	/** The endpoint's own headers, sealed. */
	sealed_headers: string | null;
	event_type: string;
	event_at: Date;
	/** Null when the event is about no job; its data is then the snapshot itself. */
	job_id: string | null;
	snapshot: JobRecord | JsonObject;
};

/**
 * Takes up to `limit` deliveries that are due, counts the attempt and leases them: from each lane no more than it has
 * places, and from those that hold the fewest first, so that a backlog costs only its own lane. A lane is an endpoint, with
 * its own concurrency, rate and breaker, or what one tenant's jobs owe at one origin. Workers that claim at the same
 * moment may together give a lane a few places too many; a rate, and the one probe of an open breaker, are exact, by a
 * compare-and-set on the endpoint. An ordered endpoint is given the oldest event that it has not had, when that is due,
 * and nothing else; one that is disabled is given nothing. The count comes before the attempt, so that a delivery of which
 * each worker dies ends too, by `exhaustLost`. Indexes: delivery_due_idx to know that anything is due, delivery_lane_idx by
 * a loose scan that touches one row for each lane, delivery_leased_idx, delivery_order_idx for ordered endpoints. A plan
 * is kept for long, so none may depend on how much is due: what is due of a lane is compared as a row, and whether anything
 * is, as a range, which only these indexes answer well. Postgres would else read all that is due for each of a few lanes.
 */
export async function claimDueDeliveries(
	db: Database,
	owner: string,
	limit: number,
): Promise<ClaimedDelivery[]> {
	return db.$queryRaw<ClaimedDelivery[]>`
		with recursive ${lanesWithRoom},
		due as materialized (
			select oldest.id, lanes.lane, is_gated from lanes cross join lateral (
				select id, due_at, lanes.held + row_number() over (order by due_at, id) as place from (
					select * from (
						select id, due_at from delivery
						where lane = lanes.lane and due_at is not null and (lane, due_at) <= (lanes.lane, now())
							and not lanes.ordered and attempts - round_from < lanes.max_attempts
						order by due_at, id limit lanes.room for update skip locked) as one
					union all
					select * from (
						select id, due_at from delivery
						where id = (select id from delivery where lane = lanes.lane and due_at is not null order by id limit 1)
							and lanes.ordered and due_at <= now() and attempts - round_from < lanes.max_attempts
						limit lanes.room for update skip locked) as head) as candidate) as oldest
			where lanes.room > 0 order by oldest.place, oldest.due_at limit ${limit}::int),
		steady as (
			select endpoint.id from endpoint join lanes on lanes.lane = endpoint.id
			where is_gated and lanes.lane in (select lane from due)
				and endpoint.probe_at is not distinct from lanes.probe_at
				and endpoint.paced_until is not distinct from lanes.paced_until
			for no key update of endpoint skip locked),
		spent as (
			update endpoint set
				probe_at = case when probe_at is not null then now() + make_interval(secs => ${attemptLeaseS}::int) end,
				paced_until = case when rate_per_s is not null then
					greatest(paced_until, now() - make_interval(secs => greatest(1, rate_per_s) / rate_per_s))
						+ make_interval(secs => taken.count / rate_per_s) end
			from steady, (select lane, count(*) as count from due group by lane) as taken
			where endpoint.id = steady.id and taken.lane = steady.id),
		claimed as (
			update delivery set attempts = attempts + 1, lease_owner = ${owner},
				due_at = now() + make_interval(secs => ${attemptLeaseS}::int + ${attemptLeaseSpreadS}::int * random())
			where id = any(array(select id from due where not is_gated or lane in (select id from steady)))
			returning delivery.id, event_id, delivery.tenant_id, endpoint_id, url, lease_owner, attempts, round_from, delivery.lane)
		select claimed.id, event_id, claimed.tenant_id, endpoint_id, coalesce(endpoint.url, claimed.url) as url,
			lease_owner as owner, attempts as attempt, attempts - round_from as step,
			case when ${isTestLane(Prisma.sql`claimed.lane`)} then '{0}' else schedule_s end as schedule_s, sealed_headers,
			event.type as event_type, event.created_at as event_at, event.job_id, event.snapshot
		from claimed join event on event.id = claimed.event_id left join endpoint on endpoint.id = endpoint_id`;
}

/** Each lane in which something waits, what it holds, and how many more attempts it may begin now. */
const lanesWithRoom = Prisma.sql`
	names as (
		(select lane from delivery
			where due_at is not null
				and exists (select from delivery where due_at between (select '-infinity'::timestamptz) and now())
			order by lane limit 1)
		union all
		select following.lane from names cross join lateral (
			select lane from delivery where due_at is not null and lane > names.lane order by lane limit 1) as following),
	lanes as materialized (
		select names.lane, held, coalesce(ordered, false) as ordered, probe_at, paced_until,
			${maxAttemptsOf(Prisma.sql`names.lane`)} as max_attempts,
			coalesce(probe_at is not null or rate_per_s is not null, false) as is_gated,
			greatest(0, case when disabled_at is not null or deleted_at is not null or probe_at > now() then 0
				when probe_at is not null then 1 - held
				else least(coalesce(concurrency, ${defaultConcurrency}::int) - held, case when rate_per_s is not null then
					floor(least(greatest(1, rate_per_s),
						extract(epoch from now() - coalesce(paced_until, '-infinity')) * rate_per_s)) end) end)::int as room
		from names left join endpoint on endpoint.id = names.lane
		cross join lateral (
			select count(*) filter (where due_at > now())::int as held from delivery
			where lane = names.lane and lease_owner is not null) as leased)`;

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
			select delivery.id from delivery left join endpoint on endpoint.id = endpoint_id
			where due_at <= now() and attempts - round_from >= ${maxAttemptsOf(Prisma.sql`delivery.lane`)}
			order by due_at limit ${limit}::int for update of delivery skip locked),
		ended as (
			update delivery set state = 'exhausted', due_at = null, lease_owner = null, last_status = null,
				last_error = ${lostAttempt}, finished_at = now()
			from lost where delivery.id = lost.id and state = 'pending' returning delivery.id, attempts)
		insert into attempt (delivery_id, n, outcome, error, class, duration_ms)
		select id, attempts, 'retry', ${lostAttempt}, 'worker_lost', 0 from ended on conflict do nothing`;
}

/**
 * Sets aside what endpoints that are disabled are owed, so that it spends no attempts. An attempt that is under way is left
 * to its end. Returns how many. Index: delivery_lane_idx.
 */
export async function holdDisabled(
	db: Database,
	limit: number,
): Promise<number> {
	return db.$executeRaw`
		with idle as (
			select owed.id from endpoint cross join lateral (
				select id from delivery where lane = endpoint.id and due_at is not null and (lease_owner is null or due_at <= now())
				order by due_at limit ${limit}::int for update skip locked) as owed
			where disabled_at is not null and deleted_at is null limit ${limit}::int)
		update delivery set state = 'held', due_at = null, lease_owner = null
		from idle where delivery.id = idle.id and state = 'pending'`;
}

/**
 * Sends out what was held for endpoints that are enabled again: it is due, with a new round of the schedule, and goes out
 * as the endpoint's places and rate allow. Returns how many. Index: delivery_held_idx.
 */
export async function releaseHeld(
	db: Database,
	limit: number,
): Promise<number> {
	return db.$executeRaw`
		with open as (
			select owed.id from endpoint cross join lateral (
				select id from delivery where endpoint_id = endpoint.id and state = 'held'
				order by id limit ${limit}::int for update skip locked) as owed
			where disabled_at is null and deleted_at is null limit ${limit}::int)
		update delivery set state = 'pending', due_at = now(), round_from = attempts
		from open where delivery.id = open.id and state = 'held'`;
}

/** What ends the deliveries that a deleted endpoint was owed. */
export const endpointDeleted =
	"endpoint_deleted: the endpoint was deleted before this was delivered";

/**
 * Ends what deleted endpoints are still owed, held or not, tests included. An attempt that is under way is left to its end.
 * Returns how many. Index: delivery_endpoint_open_idx.
 */
export async function endDeleted(db: Database, limit: number): Promise<number> {
	return db.$executeRaw`
		with gone as (
			select owed.id from endpoint cross join lateral (
				select id from delivery where endpoint_id = endpoint.id and state in ('pending', 'held')
					and (lease_owner is null or due_at <= now())
				limit ${limit}::int for update skip locked) as owed
			where deleted_at is not null limit ${limit}::int)
		update delivery set state = 'aborted', due_at = null, lease_owner = null, finished_at = now(),
			last_error = ${endpointDeleted}
		from gone where delivery.id = gone.id and state in ('pending', 'held')`;
}
