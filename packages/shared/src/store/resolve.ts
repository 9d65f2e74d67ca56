import {
	jobTransitions,
	submissionTransitions,
} from "../domain/transitions.ts";
import type { Database } from "./database.ts";
import { oneOf } from "./sql.ts";

/** The submission that a job in an unresolved state still waits for, or null when nothing waits. */
export async function findUnresolvedSubmission(
	db: Database,
	tenantId: string,
	jobId: string,
): Promise<string | null> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		select submission.id from submission join job on job.id = submission.job_id
		where job.id = ${jobId} and job.tenant_id = ${tenantId} and submission.live
			and job.state in (${oneOf(jobTransitions.resubmit.from)})`;
	return rows[0]?.id ?? null;
}

/**
 * An operator's word that the job is to be sent again: the submission lapses, its charge stays possible, and the job is
 * queued. Returns false when the submission has ended meanwhile, or when the job's budget is used up, which nobody may
 * exceed.
 */
export async function resubmitJob(
	db: Database,
	submissionId: string,
): Promise<boolean> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		with unresolved as (
			select id, job_id from submission
			where id = ${submissionId} and state in (${oneOf(submissionTransitions.lapse.from)}) for update),
		-- Locked before anything is written: a cancel that was asked for meanwhile must be seen by both updates.
		resubmittable as (
			select unresolved.id from unresolved join job on job.id = unresolved.job_id
			where submissions < max_submissions and cancel_requested_at is null
				and job.state in (${oneOf(jobTransitions.resubmit.from)})
			for update of job),
		lapsed as (
			update submission set state = 'lapsed', live = false, settled_at = now() from resubmittable
			where submission.id = resubmittable.id and submission.state in (${oneOf(submissionTransitions.lapse.from)})
			returning submission.id, job_id),
		requeued as (
			update job set state = 'queued', ready = true, not_before = now(), scheduled = false, hinted_at = null,
				start_by = greatest(start_by, now() + make_interval(secs => timeout_s)), updated_at = now()
			from lapsed where job.id = lapsed.job_id and job.state in (${oneOf(jobTransitions.resubmit.from)})
			returning job.id),
		told as (
			insert into timeline (job_id, type, data)
			select id, 'resubmitted', jsonb_build_object('by', 'operator') from requeued)
		select id from requeued`;
	return rows.length > 0;
}
