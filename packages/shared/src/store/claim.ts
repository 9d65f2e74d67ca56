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
	/** True when the provider is closed and this submission finds out whether it still is. */
	is_probe: boolean;
};

/**
 * Takes the next job, a slot and a place in the rate window, writes the submission with its intent and lease, and
 * commits, in one statement; null when there is no ready job or the governor says no, in which case nothing changed.
 *
 * Because all of it is one commit, a crash leaves either nothing or a leased intent that the lease sweep finds; a
 * permit or a slot cannot leak. Claimers of different jobs meet only on the governor's row: it is locked last, its
 * condition is checked again after the wait, and `clock_timestamp()` is read behind the lock, so that the window is
 * exact however many workers claim at once. Indexes: job_ready_idx, the slots' primary key.
 */
export async function claimNextSubmission(
	db: Database,
	workerId: string,
): Promise<ClaimedSubmission | null> {
	const rows = await db.$queryRaw<ClaimedSubmission[]>`
		with next as (
			select id from job
			where ready and not_before <= now() and start_by > now() and submissions < max_submissions
			order by priority, created_at, id limit 1 for update skip locked),
		place as (
			select slot from provider_slot
			where provider = ${provider} and submission_id is null
				and slot < (select concurrency from governor where provider = ${provider})
			order by slot limit 1 for update skip locked),
		permit as (
			update governor set
				grants = grants[greatest(1, cardinality(grants) - rate_count + 2):] || clock_timestamp(),
				blocked_until = case when closed_reason is null then blocked_until
					else clock_timestamp() + make_interval(secs => ${probeIntervalS}::int) end
			from next, place
			where governor.provider = ${provider}
				and (blocked_until is null or blocked_until <= clock_timestamp())
				and (cardinality(grants) < rate_count or grants[cardinality(grants) - rate_count + 1]
					<= clock_timestamp() - rate_window_ms * interval '1 ms')
			returning closed_reason is not null as is_probe),
		claimed as (
			update job set state = 'submitting', ready = false, hinted_at = null, charged = 'possible',
				submission_seq = submission_seq + 1, submissions = submissions + 1,
				submitted_at = coalesce(submitted_at, now()), updated_at = now()
			from next, permit
			where job.id = next.id and job.state in (${oneOf(jobTransitions.claim.from)})
			returning job.id, submission_seq, tenant_id, action, input, timeout_s, permit.is_probe),
		intent as (
			insert into submission (id, job_id, n, lease_owner, lease_until, callback_due_at)
			select new_id('sub'), id, submission_seq, ${workerId}, now() + make_interval(secs => ${leaseS}::int),
				now() + make_interval(secs => timeout_s)
			from claimed returning id, job_id, n),
		held as (
			update provider_slot set submission_id = intent.id from intent, place
			where provider = ${provider} and provider_slot.slot = place.slot),
		told as (
			insert into timeline (job_id, type, data)
			select job_id, 'submitting', jsonb_build_object('submission', id, 'n', n) from intent)
		select intent.id, job_id, n, tenant_id, action, input, is_probe
		from intent join claimed on claimed.id = intent.job_id`;
	return rows[0] ?? null;
}

/** Extends the leases of every submission that this worker still waits for; called well within a lease's length. */
export async function renewLeases(
	db: Database,
	workerId: string,
): Promise<number> {
	return db.$executeRaw`
		update submission set lease_until = now() + make_interval(secs => ${leaseS}::int)
		where lease_owner = ${workerId} and lease_until is not null`;
}
