import { Prisma } from "@reelay/prisma/client";
import type { JsonObject } from "../domain/actions/action.ts";
import { leaseS, probeIntervalS } from "../domain/deadline.ts";
import { jobTransitions } from "../domain/transitions.ts";
import type { Database } from "./database.ts";
import { provider, runningSubmissions } from "./governor.ts";
import { isInTurn } from "./scheduled.ts";
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

/** What a claim took. */
export type Claim = {
	submissions: ClaimedSubmission[];
	/** How old the oldest job was that was ready; null when it saw none. */
	oldestReady: Date | null;
	/** False when it saw no job in turn but those it took: neither another claim nor a place that becomes free is of use. */
	mayBeMore: boolean;
	/** Why it took none: the governor grants none, no job may be submitted now, or others hold the next turns. */
	emptyBecause: "no_grant" | "no_job" | "others" | null;
};

// Workers that decide at one moment pick the same turns, and all but one ask again; more tries than workers are enough.
const maxTries = 20;

/**
 * Takes up to `count` next jobs and their turns, writes the submissions with intent and lease, and commits, in one
 * statement; none when no job is ready or the governor says no.
 *
 * Next is the highest class of priority that has a ready job; in it the tenant whose virtual time is least ahead (stride
 * scheduling: a turn costs 1/weight), and of that tenant the oldest job; or, when it probes a closed provider, any one of
 * those that were tried least, lest one job that the provider chokes on be every probe. Several turns are given as they would
 * be one after the other. A tenant that has been idle starts at the present virtual time, so it neither waits behind
 * another's backlog nor saves up turns. Virtual time is moved by a compare-and-set, so that workers that decide at the same
 * moment give each turn once. It has a row of its own, which a tenant's first claim makes: every insert of a job or an event
 * asks for the tenant's row, and would read all its former versions.
 *
 * Because all of it is one commit, a crash leaves either nothing or leased intents that the lease sweep finds. There is
 * nothing else to give back: the provider's slots are its running submissions, and its rate window is the instants of the
 * latest ones. Grants are numbered by the governor. Its row is locked last, and what it allows is checked again after the
 * wait: what others were granted since this statement's snapshot cannot be seen, but the number tells how many there are,
 * and each counts as running and as granted this instant. `clock_timestamp()` is read behind the lock. So both limits are
 * exact however many workers claim at once, and a lowered one counts the renders that began under the old one. Tenants
 * are locked in the order of their ids, lest two claimers wait for each other. Indexes: job_due_turn_idx, by a loose scan
 * that touches one row for each tenant with ready jobs, and then as many as it may be given; submission_running_idx;
 * submission_grant_no_key.
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
		if (first === undefined) throw new Error("the claim gave no row");
		const { oldest_ready, may_be_more: mayBeMore, empty_because } = first;
		if (empty_because === "others") continue;
		const submissions = empty_because === null ? rows.map(toSubmission) : [];
		return {
			...{ submissions, oldestReady: oldest_ready, mayBeMore },
			emptyBecause: empty_because,
		};
	}
	return {
		...{ submissions: [], oldestReady: null, mayBeMore: true },
		emptyBecause: "others",
	};
}

/** A submission; or the one row of a claim that took none, in which all that is a submission's is null. */
type ClaimRow = ClaimedSubmission & {
	oldest_ready: Date | null;
	may_be_more: boolean;
	empty_because: Claim["emptyBecause"];
};

function toSubmission({
	oldest_ready: _,
	may_be_more: __,
	empty_because: ___,
	...submission
}: ClaimRow): ClaimedSubmission {
	return submission;
}

/** What was claimed, in the order of its turns; or one row that says why there was nothing. */
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
					where ${isInTurn} and priority = turns.priority and tenant_id = turns.tenant_id ${isRecent} and ${claimable}
						and not turns.probes
					order by created_at, id limit turns.given for update skip locked) as oldest
				union all
				select id from (select id from job
					where ${isInTurn} and priority = turns.priority and tenant_id = turns.tenant_id and ${claimable} and turns.probes
					order by submission_seq, random() limit 1 for update skip locked) as canary) as ready_job),
		steady as (
			select tenant_id from tenant_turn join (select distinct tenant_id, vt from next) as seen using (tenant_id)
			where tenant_turn.vt = seen.vt order by tenant_id for no key update of tenant_turn),
		taken as materialized (select next.* from next join steady using (tenant_id)),
		permit as (
			update governor set granted = governor.granted + wanted, oldest_running = greatest(governor.oldest_running, seen.oldest_running),
				vt = greatest(vt, starts_at),
				probe_at = case when closed_reason is not null
					then clock_timestamp() + make_interval(secs => ${probeIntervalS}::int) end
			from (select count(*)::int as wanted, max(starts_at) as starts_at from taken) as taken, seen
			where governor.provider = ${provider} and wanted > 0 and ${grants(Prisma.sql`wanted`)}
			returning governor.granted - wanted as granted_before, clock_timestamp() as at,
				closed_reason is not null or error_streak > 0 as is_probe),
		moved as (
			update tenant_turn set vt = mine.ends_at
			from (select tenant_id, max(starts_at + 1.0 / weight) as ends_at from taken group by tenant_id) as mine, permit
			where tenant_turn.tenant_id = mine.tenant_id),
		claimed as (
			update job set state = 'submitting', ready = false, hinted_at = null, charged = 'possible',
				submission_seq = submission_seq + 1, submissions = submissions + 1,
				submitted_at = coalesce(submitted_at, now()), updated_at = now()
			from taken, permit
			where job.id = taken.id and job.state in (${oneOf(jobTransitions.claim.from)})
			returning job.id, submission_seq, job.tenant_id, action, input, timeout_s, is_probe, at, granted_before, starts_at),
		intent as (
			insert into submission (id, job_id, n, grant_no, intent_at, lease_owner, lease_until, callback_due_at)
			select new_id('sub'), id, submission_seq, granted_before + row_number() over (order by starts_at, tenant_id), at,
				${owner}, at + make_interval(secs => ${leaseS}::int), at + make_interval(secs => timeout_s)
			from claimed returning id, job_id, n, grant_no),
		told as (
			insert into timeline (job_id, type, data)
			select job_id, 'submitting', jsonb_build_object('submission', id, 'n', n) from intent)
		select * from (
			select intent.id, job_id, n, tenant_id, action, input, is_probe,
				(select min(created_at) from waiting) as oldest_ready,
				${isMoreInTurn(Prisma.sql`(select count(*) from intent)`, isRecent)} as may_be_more, null as empty_because
			from intent join claimed on claimed.id = intent.job_id order by grant_no) as claimed
		union all
		select null, null, null, null, null, null, null, null,
			exists (select from waiting) or not exists (select from room where room > 0), case when not exists (select from room where room > 0) then 'no_grant'
			when exists (select from newcomers) or exists (select from turns) and not exists (select from permit) then 'others'
			else 'no_job' end
		where not exists (select from intent)`;
}

/** The number of the grant that has to have left the rate window before so many more may be given. */
const oldestGrant = (count: Prisma.Sql): Prisma.Sql =>
	Prisma.sql`governor.granted + ${count} - governor.rate_count`;

/** Whether that one has left it; a number that was never used stands for the one before. What is not seen has not. */
const rateAllows = (count: Prisma.Sql): Prisma.Sql => Prisma.sql`(
	${oldestGrant(count)} <= seen.granted and coalesce(
		(select intent_at from submission where grant_no <= ${oldestGrant(count)} order by grant_no desc limit 1)
			<= clock_timestamp() - governor.rate_window_ms * interval '1 ms', true))`;

/** Whether the governor would grant so many more submissions at this instant, by what the statement has seen. */
const grants = (count: Prisma.Sql): Prisma.Sql => Prisma.sql`(
	(governor.blocked_until is null or governor.blocked_until <= clock_timestamp())
	and (governor.closed_reason is null
		or (${count} = 1 and (governor.probe_at is null or governor.probe_at <= clock_timestamp())))
	and seen.running + governor.granted - seen.granted + ${count} <= governor.concurrency
	and ${rateAllows(count)})`;

/**
 * How many may be claimed, as the statement's snapshot has it. A transaction that stays open keeps every former version of
 * the governor's row and every entry of an index, so that row is read once, and running submissions are looked for
 * from the oldest grant that still ran when the latest was given.
 */
const roomFor = (count: number): Prisma.Sql => Prisma.sql`
	limits as materialized (select * from governor where provider = ${provider}),
	running as materialized (${runningSubmissions("limits")}),
	seen as materialized (
		select granted, count(running.id)::int as running, coalesce(min(grant_no), granted + 1) as oldest_running
		from limits left join running on true group by granted),
	room as materialized (
		select case when closed_reason is not null then 1
			else least(${count}::int, concurrency - seen.running, (
				select count(*) from generate_series(1, ${count}::int) as more where ${rateAllows(Prisma.sql`more`)}))
			end::int as room
		from limits as governor, seen where ${grants(Prisma.sql`1`)})`;

/** What a job must be, beside ready, to be submitted now. */
const claimable = Prisma.sql`(not_before <= now() and start_by > now() and submissions < max_submissions)`;

/** Whose turns are next, and how many each is given; none when no tenant has a job that may be submitted now. */
const nextTurns = (isRecent: Prisma.Sql): Prisma.Sql => Prisma.sql`
	waiting as (
		(select priority, tenant_id, created_at from job where ${isInTurn} ${isRecent} and exists (select from room where room > 0)
			order by priority, tenant_id, created_at limit 1)
		union all
		select following.priority, following.tenant_id, following.created_at from waiting cross join lateral (
			select priority, tenant_id, created_at from job
			where ${isInTurn} and (priority, tenant_id) > (waiting.priority, waiting.tenant_id) ${isRecent}
			order by priority, tenant_id, created_at limit 1) as following),
	newcomers as materialized (
		select distinct tenant_id from waiting
		where not exists (select from tenant_turn where tenant_turn.tenant_id = waiting.tenant_id)),
	welcomed as (insert into tenant_turn (tenant_id) select tenant_id from newcomers order by tenant_id on conflict do nothing),
	eligible as materialized (
		select waiting.priority, tenant_id, tenant_turn.vt, greatest(tenant_turn.vt, governor.vt) as vt_now, weight,
			governor.closed_reason is not null as probes, jobs.count
		from waiting join tenant_turn using (tenant_id) join tenant on tenant.id = tenant_id, limits as governor, room,
			lateral (select count(*) as count from (
				select from job
				where ${isInTurn} and priority = waiting.priority and tenant_id = waiting.tenant_id ${isRecent} and ${claimable}
				limit least(room.room, case when max_in_flight is not null then greatest(0, max_in_flight - (
					select count(*) from running join job on job.id = running.job_id where job.tenant_id = tenant.id)) end)) as job) as jobs
		where jobs.count > 0 and not exists (select from newcomers)),
	turns as materialized (
		select priority, tenant_id, vt, vt_now, weight, probes, count(*) as given from (
			select * from eligible cross join generate_series(1, count) as turn
			where priority = (select min(priority) from eligible)
			order by vt_now + (turn - 1)::float8 / weight, tenant_id limit (select room from room)) as turns
		group by priority, tenant_id, vt, vt_now, weight, probes)`;

/** Whether more jobs were in turn than were taken; of those it reads one more at most. */
const isMoreInTurn = (taken: Prisma.Sql, isRecent: Prisma.Sql): Prisma.Sql =>
	Prisma.sql`exists (
		select from waiting cross join lateral (
			select from job where ${isInTurn} and priority = waiting.priority and tenant_id = waiting.tenant_id ${isRecent}
			order by created_at) as in_turn
		offset ${taken})`;

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
