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

// Workers that decide at one moment pick the same turn, and all but one ask again; more tries than workers are enough.
const maxTries = 20;

/**
 * Takes the next job, a turn, a slot and a place in the rate window, writes the submission with its intent and lease,
 * and commits, in one statement; null when no job is ready or the governor says no.
 *
 * Next is the highest class of priority that has a ready job; in it the tenant whose virtual time is least ahead (stride
 * scheduling: a turn costs 1/weight), and of that tenant the oldest job; or, when it probes a closed provider, any of
 * those that were tried least, lest one job that the provider chokes on be every probe. A tenant that has been idle starts at the
 * present virtual time, so it neither waits behind another's backlog nor saves up turns. Virtual time is moved by a
 * compare-and-set, so that workers that decide at the same moment give one turn, not one each.
 *
 * Because all of it is one commit, a crash leaves either nothing or a leased intent that the lease sweep finds; a
 * permit or a slot cannot leak. The governor's row is locked last, its condition is checked again after the wait, and
 * `clock_timestamp()` is read behind the lock, so that the window is exact however many workers claim at once. A slot is
 * given only while it, those below it and the held ones above it fit the limit: after the limit was lowered, renders that
 * began under the old one count, and without locking more than one slot no two claimers can exceed it together. Indexes:
 * job_turn_idx, by a loose scan that touches one row for each tenant with ready jobs, and the slots' primary key.
 */
export async function claimNextSubmission(
	db: Database,
	owner: string,
): Promise<ClaimedSubmission | null> {
	for (let tries = 1; tries <= maxTries; tries += 1) {
		const [row] = await claimOnce(db, owner);
		if (row === undefined) return null;
		const { contended, ...submission } = row;
		if (!contended) return submission;
	}
	return null;
}

/** One row when something was claimed, a contended one when another worker took the same turn, none otherwise. */
function claimOnce(
	db: Database,
	owner: string,
): Promise<(ClaimedSubmission & { contended: boolean })[]> {
	return db.$queryRaw`
		with recursive ${governorAndSlots},
		${nextTurn},
		next as (
			select ready_job.id, turn.tenant_id, turn.vt, turn.effective_vt
			from turn cross join lateral (
				select id from (select id from job
					where ready and priority = turn.priority and tenant_id = turn.tenant_id and ${claimable} and not turn.probes
					order by created_at, id limit 1 for update skip locked) as oldest
				union all
				select id from (select id from job
					where ready and priority = turn.priority and tenant_id = turn.tenant_id and ${claimable} and turn.probes
					order by submission_seq, random() limit 1 for update skip locked) as canary) as ready_job),
		place as (
			select slot from provider_slot as free
			where provider = ${provider} and submission_id is null
				and slot < (select concurrency from limits) - (select count(*) from busy where busy.slot > free.slot)
			order by slot limit 1 for update skip locked),
		taken as (
			update tenant set vt = next.effective_vt + 1.0 / weight from next, place, limits as governor
			where tenant.id = next.tenant_id and tenant.vt = next.vt and ${grants}
			returning next.effective_vt),
		permit as (
			update governor set
				grants = grants[greatest(1, cardinality(grants) - rate_count + 2):] || clock_timestamp(),
				vt = greatest(vt, taken.effective_vt),
				probe_at = case when closed_reason is not null
					then clock_timestamp() + make_interval(secs => ${probeIntervalS}::int) end
			from taken where governor.provider = ${provider} and ${grants}
			returning closed_reason is not null or error_streak > 0 as is_probe),
		claimed as (
			update job set state = 'submitting', ready = false, hinted_at = null, charged = 'possible',
				submission_seq = submission_seq + 1, submissions = submissions + 1,
				submitted_at = coalesce(submitted_at, now()), updated_at = now()
			from next, permit
			where job.id = next.id and job.state in (${oneOf(jobTransitions.claim.from)})
			returning job.id, submission_seq, job.tenant_id, action, input, timeout_s, permit.is_probe),
		intent as (
			insert into submission (id, job_id, n, lease_owner, lease_until, callback_due_at)
			select new_id('sub'), id, submission_seq, ${owner}, now() + make_interval(secs => ${leaseS}::int),
				now() + make_interval(secs => timeout_s)
			from claimed returning id, job_id, n),
		held as (
			update provider_slot set submission_id = intent.id from intent, place
			where provider = ${provider} and provider_slot.slot = place.slot),
		told as (
			insert into timeline (job_id, type, data)
			select job_id, 'submitting', jsonb_build_object('submission', id, 'n', n) from intent)
		select intent.id, job_id, n, tenant_id, action, input, is_probe, false as contended
		from intent join claimed on claimed.id = intent.job_id
		union all
		select null, null, null, null, null, null, null, true
		where exists (select from turn) and exists (select from place) and not exists (select from permit)
			and exists (select from limits as governor where ${grants})`;
}

/**
 * The governor and the held slots as the statement's snapshot has them, read once: a transaction that stays open keeps each
 * of their former versions, and every further look would read past all of them again.
 */
const governorAndSlots = Prisma.sql`
	limits as materialized (select * from governor where provider = ${provider}),
	busy as materialized (select slot from provider_slot where provider = ${provider} and submission_id is not null)`;

/** What a job must be, beside ready, to be submitted now. */
const claimable = Prisma.sql`(not_before <= now() and start_by > now() and submissions < max_submissions)`;

/** Whether the governor would grant a submission at this instant. */
const grants = Prisma.sql`(
	(governor.blocked_until is null or governor.blocked_until <= clock_timestamp())
	and (governor.closed_reason is null or governor.probe_at is null or governor.probe_at <= clock_timestamp())
	and (cardinality(governor.grants) < governor.rate_count
		or governor.grants[cardinality(governor.grants) - governor.rate_count + 1]
			<= clock_timestamp() - governor.rate_window_ms * interval '1 ms'))`;

/** Whose turn it is: one row, or none when no tenant has a job that may be submitted now. */
const nextTurn = Prisma.sql`
	waiting as (
		(select priority, tenant_id from job where ready order by priority, tenant_id limit 1)
		union all
		select following.priority, following.tenant_id from waiting cross join lateral (
			select priority, tenant_id from job
			where ready and (priority, tenant_id) > (waiting.priority, waiting.tenant_id)
			order by priority, tenant_id limit 1) as following),
	turn as (
		select waiting.priority, tenant.id as tenant_id, tenant.vt, greatest(tenant.vt, governor.vt) as effective_vt,
			governor.closed_reason is not null as probes
		from waiting join tenant on tenant.id = waiting.tenant_id, limits as governor
		where exists (select from job where ready and priority = waiting.priority
				and tenant_id = waiting.tenant_id and ${claimable})
			and (tenant.max_in_flight is null or tenant.max_in_flight > (
				select count(*) from provider_slot join submission on submission.id = provider_slot.submission_id
					join job on job.id = submission.job_id
				where job.tenant_id = tenant.id))
		order by waiting.priority, effective_vt, tenant.id limit 1)`;

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
