import { Prisma } from "@reelay/prisma/client";
import type { JsonObject } from "../domain/actions/action.ts";
import { leaseS, probeIntervalS } from "../domain/deadline.ts";
import { jobTransitions } from "../domain/transitions.ts";
import type { Database } from "./database.ts";
import { provider } from "./governor.ts";
import { oneOf } from "./sql.ts";

/** A submission that now exists, under a lease, and of which no byte has been sent. */
export type ClaimedSubmission = {
	id: string;
	job_id: string;
	n: number;
	tenant_id: string;
	action: string;
	input: JsonObject;
	/** True when the provider is closed or has been failing: a good answer to this one must be told to the governor. */
	is_probe: boolean;
};

/** What a claim took, and how old the oldest job is that still could be claimed; null when it saw none. */
export type Claim = {
	submissions: ClaimedSubmission[];
	oldestReady: Date | null;
};

// Workers that decide at one moment pick the same turns, and all but one ask again; more tries than workers are enough.
const maxTries = 20;

/**
 * Takes up to `count` next jobs, their turns, a slot for each and as many places in the rate window, writes the
 * submissions with intent and lease, and commits, in one statement; none when no job is ready or the governor says no.
 *
 * Next is the highest class of priority that has a ready job; in it the tenant whose virtual time is least ahead (stride
 * scheduling: a turn costs 1/weight), and of that tenant the oldest job; or, when it probes a closed provider, any one of
 * those that were tried least, lest one job that the provider chokes on be every probe. Several turns are given as they would
 * be one after the other. A tenant that has been idle starts at the present virtual time, so it neither waits behind
 * another's backlog nor saves up turns. Virtual time is moved by a compare-and-set, so that workers that decide at the same
 * moment give each turn once.
 *
 * Because all of it is one commit, a crash leaves either nothing or leased intents that the lease sweep finds; a
 * permit or a slot cannot leak. The governor's row is locked last, its condition is checked again after the wait, and
 * `clock_timestamp()` is read behind the lock, so that the window is exact however many workers claim at once. A slot is
 * given only while it, those below it and the held ones above it fit the limit: after the limit was lowered, renders that
 * began under the old one count, and whichever free slots claimers take, no two can exceed it together. Tenants are
 * locked in the order of their ids, lest two claimers wait for each other. Indexes: job_turn_idx, by a loose scan that
 * touches one row for each tenant with ready jobs, and then as many as it may be given.
 *
 * With `since` it looks only at jobs created at that instant or later. Older entries of the index, which a transaction that
 * stays open keeps from being removed, are then passed by without a look at their rows. Whoever gives it has learned from
 * an earlier claim's `oldestReady` that no older job is ready, and must soon claim without it, for a job may have been
 * queued again meanwhile.
 */
export async function claimSubmissions(
	db: Database,
	owner: string,
	count: number,
	since: Date | null = null,
): Promise<Claim> {
	for (let tries = 1; tries <= maxTries; tries += 1) {
		const rows = await claimOnce(db, { owner, count, since });
		const [first] = rows;
		if (first?.contended === true) continue;
		return {
			submissions: rows.map(toSubmission),
			oldestReady: first?.oldest_ready ?? null,
		};
	}
	return { submissions: [], oldestReady: null };
}

type ClaimRow = ClaimedSubmission & {
	contended: boolean;
	oldest_ready: Date | null;
};

function toSubmission({
	contended: _,
	oldest_ready: __,
	...submission
}: ClaimRow): ClaimedSubmission {
	return submission;
}

/** What was claimed, in the order of its turns; one contended row when other workers took the same turns. */
function claimOnce(
	db: Database,
	{ owner, count, since }: { owner: string; count: number; since: Date | null },
): Promise<ClaimRow[]> {
	// A plain bound on the index, or none: the planner must not have to guess which.
	const isRecent =
		since === null
			? Prisma.empty
			: Prisma.sql`and created_at >= ${since.toISOString()}::timestamptz`;
	return db.$queryRaw`
		with recursive ${roomFor(count)},
		${nextTurns(isRecent)},
		next as materialized (
			select ready_job.id, turns.*, vt_now + (row_number() over (partition by tenant_id) - 1) / weight as starts_at
			from turns cross join lateral (
				select id from (select id from job
					where ready and priority = turns.priority and tenant_id = turns.tenant_id ${isRecent} and ${claimable}
						and not turns.probes
					order by created_at, id limit turns.given for update skip locked) as oldest
				union all
				select id from (select id from job
					where ready and priority = turns.priority and tenant_id = turns.tenant_id and ${claimable} and turns.probes
					order by submission_seq, random() limit 1 for update skip locked) as canary) as ready_job),
		place as materialized (
			select place, row_number() over () as n from (
				select ctid as place from provider_slot
				where ctid = any(array(select place from vacant)) and submission_id is null
				limit (select count(*) from next) for update skip locked) as locked
			where place in (select place from vacant)),
		pair as (
			select next.*, place from place
			join (select *, row_number() over (order by starts_at, tenant_id) as n from next) as next using (n)),
		steady as (
			select tenant.id from tenant join (select distinct tenant_id, vt from pair) as seen on seen.tenant_id = tenant.id
			where tenant.vt = seen.vt order by tenant.id for no key update of tenant),
		taken as materialized (select pair.* from pair join steady on steady.id = pair.tenant_id),
		permit as (
			update governor set
				grants = grants[greatest(1, cardinality(grants) - rate_count + taken.turns + 1):]
					|| array_fill(clock_timestamp(), array[taken.turns]),
				vt = greatest(vt, taken.starts_at),
				probe_at = case when closed_reason is not null
					then clock_timestamp() + make_interval(secs => ${probeIntervalS}::int) end
			from (select count(*)::int as turns, max(starts_at) as starts_at from taken) as taken
			where governor.provider = ${provider} and taken.turns > 0 and ${grants(Prisma.sql`taken.turns`)}
			returning closed_reason is not null or error_streak > 0 as is_probe),
		moved as (
			update tenant set vt = mine.ends_at
			from (select tenant_id, max(starts_at + 1.0 / weight) as ends_at from taken group by tenant_id) as mine, permit
			where tenant.id = mine.tenant_id),
		claimed as (
			update job set state = 'submitting', ready = false, hinted_at = null, charged = 'possible',
				submission_seq = submission_seq + 1, submissions = submissions + 1,
				submitted_at = coalesce(submitted_at, now()), updated_at = now()
			from taken, permit
			where job.id = taken.id and job.state in (${oneOf(jobTransitions.claim.from)})
			returning job.id, submission_seq, job.tenant_id, action, input, timeout_s, is_probe, starts_at, place),
		intent as (
			insert into submission (id, job_id, n, lease_owner, lease_until, callback_due_at)
			select new_id('sub'), id, submission_seq, ${owner}, now() + make_interval(secs => ${leaseS}::int),
				now() + make_interval(secs => timeout_s)
			from claimed returning id, job_id, n),
		held as (
			update provider_slot set submission_id = intent.id from intent join claimed on claimed.id = intent.job_id
			where provider_slot.ctid = claimed.place),
		told as (
			insert into timeline (job_id, type, data)
			select job_id, 'submitting', jsonb_build_object('submission', id, 'n', n) from intent)
		select * from (
			select intent.id, job_id, n, tenant_id, action, input, is_probe, false as contended,
				(select min(created_at) from waiting) as oldest_ready
			from intent join claimed on claimed.id = intent.job_id order by starts_at, tenant_id) as claimed
		union all
		select null, null, null, null, null, null, null, true, null
		where exists (select from turns) and not exists (select from permit)`;
}

/** Whether the governor would grant so many more submissions at this instant. */
const grants = (count: Prisma.Sql): Prisma.Sql => Prisma.sql`(
	(governor.blocked_until is null or governor.blocked_until <= clock_timestamp())
	and (governor.closed_reason is null
		or (${count} = 1 and (governor.probe_at is null or governor.probe_at <= clock_timestamp())))
	and (cardinality(governor.grants) + ${count} <= governor.rate_count
		or governor.grants[cardinality(governor.grants) - governor.rate_count + ${count}]
			<= clock_timestamp() - governor.rate_window_ms * interval '1 ms'))`;

/**
 * How many may be claimed, as the statement's snapshot has it. A transaction that stays open keeps every former version of
 * the governor and the slots. So both are read once, the slots from end to end, which is a hundredth of the pages that an
 * index would visit for them, and slots are found again by the place of their row; in the order of these places, so that the
 * slot which has been free for longest goes first and former versions are spread over all.
 */
const roomFor = (count: number): Prisma.Sql => Prisma.sql`
	limits as materialized (select * from governor where provider = ${provider}),
	slots as materialized (select provider, ctid as place, slot, submission_id from provider_slot),
	vacant as materialized (
		select place from (
			select place, slot, submission_id, count(submission_id)
				over (order by slot desc rows between unbounded preceding and 1 preceding) as held_above
			from slots where provider = ${provider}) as slots, limits
		where submission_id is null and slot < concurrency - held_above),
	room as materialized (
		select least(${count}::int, (select count(*) from vacant),
			case when closed_reason is not null then 1 else rate_count - (
				select count(*) from unnest(grants) as at
				where at > clock_timestamp() - rate_window_ms * interval '1 ms') end)::int as room
		from limits as governor where ${grants(Prisma.sql`1`)})`;

/** What a job must be, beside ready, to be submitted now. */
const claimable = Prisma.sql`(not_before <= now() and start_by > now() and submissions < max_submissions)`;

/** Whose turns are next, and how many each is given; none when no tenant has a job that may be submitted now. */
const nextTurns = (isRecent: Prisma.Sql): Prisma.Sql => Prisma.sql`
	waiting as (
		(select priority, tenant_id, created_at from job where ready ${isRecent} and exists (select from room where room > 0)
			order by priority, tenant_id, created_at limit 1)
		union all
		select following.priority, following.tenant_id, following.created_at from waiting cross join lateral (
			select priority, tenant_id, created_at from job
			where ready and (priority, tenant_id) > (waiting.priority, waiting.tenant_id) ${isRecent}
			order by priority, tenant_id, created_at limit 1) as following),
	eligible as materialized (
		select waiting.priority, tenant.id as tenant_id, tenant.vt, greatest(tenant.vt, governor.vt) as vt_now, weight,
			governor.closed_reason is not null as probes, jobs.count
		from waiting join tenant on tenant.id = waiting.tenant_id, limits as governor, room,
			lateral (select count(*) as count from (
				select from job
				where ready and priority = waiting.priority and tenant_id = waiting.tenant_id ${isRecent} and ${claimable}
				limit least(room.room, case when max_in_flight is not null then greatest(0, max_in_flight - (
					select count(*) from slots join submission on submission.id = slots.submission_id join job on job.id = submission.job_id
					where job.tenant_id = tenant.id)) end)) as job) as jobs
		where jobs.count > 0),
	turns as materialized (
		select priority, tenant_id, vt, vt_now, weight, probes, count(*) as given from (
			select * from eligible cross join generate_series(1, count) as turn
			where priority = (select min(priority) from eligible)
			order by vt_now + (turn - 1)::float8 / weight, tenant_id limit (select room from room)) as turns
		group by priority, tenant_id, vt, vt_now, weight, probes)`;

/**
 * Extends the leases of the submissions that a worker says it waits for; called well within a lease's length. It goes by
 * their ids and never by their owner: a lease that its owner does not know of has to run out.
 */
export async function renewLeases(
	db: Database,
	submissionIds: readonly string[],
): Promise<number> {
	return db.$executeRaw`
		update submission set lease_until = now() + make_interval(secs => ${leaseS}::int)
		where id = any(${submissionIds}::text[]) and lease_until is not null`;
}

/**
 * The intents that claims under these names have left: claims that were committed while their answer was lost, so that no
 * byte of them has been sent. Only for a caller who knows that no such claim was ever answered. Index: submission_lease_idx.
 */
export async function listUnheardIntents(
	db: Database,
	owners: readonly string[],
): Promise<string[]> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		select id from submission where lease_until is not null and lease_owner = any(${owners}::text[])`;
	return rows.map((row) => row.id);
}
