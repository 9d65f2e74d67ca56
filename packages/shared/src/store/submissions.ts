/**
 * What an answer of the provider that does not end the job writes. Each is one guarded statement that locks the
 * submission before the job; a loser changes nothing and returns false, because a callback has been faster or the
 * lease sweep has given the worker up.
 */
import { Prisma } from "@reelay/prisma/client";
import { otherTask } from "../domain/callback-record.ts";
import type { JobError } from "../domain/job-record.ts";
import {
	jobTransitions,
	submissionTransitions,
} from "../domain/transitions.ts";
import type { Database } from "./database.ts";
import { eventsOfEnded, eventsOnTheWay } from "./events.ts";
import { countedErrorOf } from "./governor.ts";
import {
	type KeptCallback,
	keptCallback,
	keptColumns,
	namesOtherTask,
	type ReceivedCallback,
} from "./kept-callback.ts";
import { jsonb, oneOf } from "./sql.ts";

/** What says that the provider took a submission's task: the answer to its POST, or a callback. */
export type Acceptance = {
	submissionId: string;
	taskId: string | null;
	httpStatus: number | null;
	callback: ReceivedCallback | null;
	/** As in a settlement: an operator's word that the callback's task is this submission's. */
	adopts?: boolean | undefined;
};

/** What came of it; the job is null when there is no such submission. */
export type Accepted = KeptCallback & {
	accepted: boolean;
	job_id: string | null;
};

/**
 * The provider took the task: intent or unknown → accepted, and the job renders. Also valid for a late answer of a
 * worker that the lease sweep had given up, and for a progress callback. Returns whether it moved.
 */
export async function acceptSubmission(
	db: Database,
	acceptance: Acceptance,
): Promise<boolean> {
	return (await recordAcceptance(db, acceptance)).accepted;
}

/** The same, with what came of the callback: one that names another task than the one we know moves nothing. */
export async function recordAcceptance(
	db: Database,
	acceptance: Acceptance,
): Promise<Accepted> {
	const { submissionId, taskId, httpStatus, callback } = acceptance;
	const mismatch = namesOtherTask(acceptance, taskId);
	// What a faster report has written is read behind the lock; an answer asks for nothing of it.
	const lock = callback === null ? Prisma.empty : Prisma.sql`for update`;
	const isOther = Prisma.sql`exists (select from before where ${mismatch})`;
	const kept = keptCallback(submissionId, callback, {
		outcome: Prisma.sql`case when ${isOther} then 'quarantined' else 'progress' end`,
		reason: Prisma.sql`case when ${isOther} then ${otherTask} end`,
	});
	const rows = await db.$queryRaw<Accepted[]>`
		with before as (
			select id, job_id, provider_task_id from submission where id = ${submissionId} ${lock}),
		accepted as (
			update submission set state = 'accepted', lease_owner = null, lease_until = null,
				provider_task_id = coalesce(submission.provider_task_id, ${taskId}),
				http_status = coalesce(${httpStatus}::int, http_status), answered_at = coalesce(answered_at, now())
			from before where submission.id = before.id and not ${mismatch}
				and submission.state in (${oneOf(submissionTransitions.accept.from)})
			returning submission.id, submission.job_id),
		rendering as (
			update job set state = 'rendering', updated_at = now() from accepted
			where job.id = accepted.job_id and job.state in (${oneOf(jobTransitions.accept.from)}) returning job.*),
		${eventsOnTheWay("rendering", "video.rendering")},
		told as (
			insert into timeline (job_id, type, data)
			select job_id, 'rendering', jsonb_build_object('submission', id) from accepted
			where exists (select from rendering)),
		${kept}
		select exists (select from accepted) as accepted, (select job_id from before) as job_id, ${keptColumns}`;
	const [row] = rows;
	if (row === undefined) throw new Error("the accepting statement gave no row");
	return row;
}

/** The answer was lost: intent → unknown. Nothing is sent again by itself; a callback or the overdue sweep ends it. */
export async function doubtSubmission(
	db: Database,
	doubt: { submissionId: string; reason: string; httpStatus: number | null },
): Promise<boolean> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		with doubted as (
			update submission set state = 'unknown', lease_owner = null, lease_until = null,
				http_status = ${doubt.httpStatus}::int, answered_at = now()
			where id = ${doubt.submissionId} and state in (${oneOf(submissionTransitions.doubt.from)})
			returning id, job_id),
		${jobsOfDoubted(doubt.reason)}
		select id from doubted`;
	return rows.length > 0;
}

/** The CTEs that move the jobs of the CTE `doubted` to unknown and say why; a job that has ended meanwhile stays. */
export function jobsOfDoubted(reason: string): Prisma.Sql {
	return Prisma.sql`unknown as (
			update job set state = 'unknown', updated_at = now() from doubted
			where job.id = doubted.job_id and job.state in (${oneOf(jobTransitions.doubt.from)})
			returning job.id, doubted.id as submission_id),
		told as (
			insert into timeline (job_id, type, data)
			select id, 'unknown', jsonb_build_object('submission', submission_id, 'reason', ${reason}::text) from unknown)`;
}

export type Rejection = {
	submissionId: string;
	httpStatus: number | null;
	reason: string;
	/** How long the job waits before its next submission. */
	delayMs: number;
	/** False when the submission counts against the job's budget, as an answer of 5xx does. */
	returnsBudget: boolean;
	/** An error of the provider's own, counted towards its breaker in the same commit. */
	isProviderError?: boolean;
	/** What the job fails with when its budget is used up. */
	exhausted: JobError;
};

/**
 * A definite "not taken": the submission is rejected and free, and the job goes back to the queue, keeping its place
 * by age. It ends instead when its budget is used up (failed) or its cancel was asked for meanwhile (cancelled).
 */
export async function rejectSubmission(
	db: Database,
	rejection: Rejection,
): Promise<{
	rejected: boolean;
	job_state: string | null;
	deliveries: number;
}> {
	const spent = Prisma.sql`(not ${rejection.returnsBudget} and submissions >= max_submissions)`;
	const ends = Prisma.sql`(cancel_requested_at is not null or ${spent})`;
	const rows = await db.$queryRaw<
		{ rejected: boolean; job_state: string | null; deliveries: number }[]
	>`
		with rejected as (
			update submission set state = 'rejected', live = false, lease_owner = null, lease_until = null,
				charged = 'no', http_status = ${rejection.httpStatus}::int, answered_at = now(), settled_at = now(),
				error = ${jsonb(rejection.exhausted)}
			where id = ${rejection.submissionId} and state in (${oneOf(submissionTransitions.reject.from)})
			returning id, job_id),
		j as (
			update job set
				state = case when cancel_requested_at is not null then 'cancelled' when ${spent} then 'failed' else 'queued' end,
				live = not ${ends}, ready = not ${ends},
				error = case when cancel_requested_at is null and ${spent} then ${jsonb(rejection.exhausted)} end,
				finished_at = case when ${ends} then now() end,
				settled_by = case when ${ends} then rejected.id end,
				charged = case when exists (select from submission o where o.job_id = job.id and o.id <> rejected.id
					and o.charged <> 'no') then charged else 'no' end,
				submissions = submissions - case when ${rejection.returnsBudget} then 1 else 0 end,
				not_before = now() + ${rejection.delayMs}::int * interval '1 ms', scheduled = ${rejection.delayMs}::int > 0,
				updated_at = now()
			from rejected where job.id = rejected.job_id and job.state in (${oneOf(jobTransitions.requeue.from)})
			returning job.*),
		ended as (select * from j where not live),
		${eventsOfEnded},
		${rejection.isProviderError ? Prisma.sql`${countedErrorOf("rejected", rejection.reason)},` : Prisma.empty}
		told as (
			insert into timeline (job_id, type, data)
			select id, case state when 'queued' then 'requeued' else state end,
				jsonb_build_object('submission', ${rejection.submissionId}::text, 'reason', ${rejection.reason}::text)
			from j)
		select exists (select from rejected) as rejected, (select state from j) as job_state,
			(select count(*)::int from delivery_born) as deliveries`;
	return rows[0] ?? { rejected: false, job_state: null, deliveries: 0 };
}
