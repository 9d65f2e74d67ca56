/**
 * The passes that find submissions nobody ends: a worker that died (`rescueLeases`), an outcome that stayed unknown
 * (`applyUnknownPolicies`), a callback that never came (`markOverdue`, then `lapseOverdue`). Each is one statement over a
 * bounded number of rows; it locks submissions before jobs and skips locked ones, so any number of workers may sweep.
 */
import { Prisma } from "@reelay/prisma/client";
import { overdueGraceS } from "../domain/deadline.ts";
import type { JobError } from "../domain/job-record.ts";
import {
	jobTransitions,
	submissionTransitions,
} from "../domain/transitions.ts";
import type { Database } from "./database.ts";
import { eventsOfEnded, eventsOnTheWay } from "./events.ts";
import { jsonb, oneOf } from "./sql.ts";
import { jobsOfDoubted } from "./submissions.ts";

/**
 * Ends or resends, as each job's policy says, what is still unknown when its result is due. `fail` fails the job;
 * `resubmit_once` lapses the submission and queues the job again, if it may still be submitted and this has not been
 * done before. The lapsed submission's charge stays possible, and a late result of it is still taken.
 */
export async function applyUnknownPolicies(
	db: Database,
	limit: number,
	error: JobError,
): Promise<{ failed: number; resubmitted: number; deliveries: number }> {
	const rows = await db.$queryRaw<
		{ failed: number; resubmitted: number; deliveries: number }[]
	>`
		with due as (
			select submission.id, job.on_unknown from submission join job on job.id = submission.job_id
			where submission.live and callback_due_at <= now() and overdue_at is null and ${hasPolicy}
			order by callback_due_at limit ${limit}::int for update of submission skip locked),
		lapsed as (
			update submission set state = 'lapsed', live = false, settled_at = now(), error = ${jsonb(error)}
			from due where submission.id = due.id and submission.state in (${oneOf(submissionTransitions.lapse.from)})
			returning submission.id, job_id),
		moved as (${resubmitOrFail(Prisma.sql`job.on_unknown = 'resubmit_once'`, error)}),
		ended as (select * from moved where not live),
		${eventsOfEnded},
		told as (
			insert into timeline (job_id, type, data)
			select id, case when live then 'resubmitted' else state end, jsonb_build_object('by', 'policy') from moved)
		select (select count(*)::int from ended) as failed,
			(select count(*)::int from moved where live) as resubmitted,
			(select count(*)::int from delivery_born) as deliveries`;
	return rows[0] ?? { failed: 0, resubmitted: 0, deliveries: 0 };
}

/** A job may be sent again by policy once, and never beyond its budget. */
const mayResubmit = Prisma.sql`(not job.resubmitted and job.submissions < job.max_submissions)`;

/** What is the policies' to end. Nobody else may mark it as overdue, for then no policy would look at it again. */
const hasPolicy = Prisma.sql`(submission.state = 'unknown'
	and (job.on_unknown = 'fail' or (job.on_unknown = 'resubmit_once' and ${mayResubmit})))`;

/** Moves the jobs of the CTE `lapsed`: those that resubmit go back to the queue with time to start, the others end. */
function resubmitOrFail(resubmits: Prisma.Sql, error: JobError): Prisma.Sql {
	const again = Prisma.sql`(${resubmits} and ${mayResubmit} and cancel_requested_at is null)`;
	return Prisma.sql`
		update job set
			state = case when ${again} then 'queued' when cancel_requested_at is not null then 'cancelled' else 'failed' end,
			live = ${again}, ready = ${again}, resubmitted = resubmitted or ${again},
			not_before = now(), scheduled = false, hinted_at = null,
			start_by = case when ${again} then greatest(start_by, now() + make_interval(secs => timeout_s)) else start_by end,
			error = case when not ${again} and cancel_requested_at is null then ${jsonb(error)} end,
			settled_by = case when ${again} then null else lapsed.id end,
			finished_at = case when ${again} then null else now() end, updated_at = now()
		from lapsed where job.id = lapsed.job_id and job.state in (${oneOf(jobTransitions.resubmit.from)})
		returning job.*`;
}

/**
 * Marks what has no result by its time as overdue and frees its slot; a late result is still adopted. What a policy is to
 * end is left to it, also when its pass has not come to that row yet.
 */
export async function markOverdue(
	db: Database,
	limit: number,
): Promise<number> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		with due as (
			select submission.id from submission join job on job.id = submission.job_id
			where submission.live and callback_due_at <= now() and overdue_at is null and submission.state <> 'intent'
				and not ${hasPolicy}
			order by callback_due_at limit ${limit}::int for update of submission skip locked),
		overdue as (
			update submission set overdue_at = now(),
				callback_due_at = now() + make_interval(secs => ${overdueGraceS}::int)
			from due where submission.id = due.id returning submission.id, job_id),
		j as (
			update job set state = 'overdue', updated_at = now() from overdue
			where job.id = overdue.job_id and job.state in (${oneOf(jobTransitions.fallOverdue.from)}) returning job.*),
		${eventsOnTheWay("j", "video.overdue")},
		told as (insert into timeline (job_id, type) select id, 'overdue' from j)
		select id from overdue`;
	return rows.length;
}

/** The grace is over: the submission lapses and its job fails. The charge stays possible, for nobody can tell. */
export async function lapseOverdue(
	db: Database,
	limit: number,
	error: JobError,
): Promise<{ lapsed: number; deliveries: number }> {
	const rows = await db.$queryRaw<{ lapsed: number; deliveries: number }[]>`
		with due as (
			select id from submission where live and callback_due_at <= now() and overdue_at is not null
			order by callback_due_at limit ${limit}::int for update skip locked),
		lapsed as (
			update submission set state = 'lapsed', live = false, settled_at = now(), error = ${jsonb(error)}
			from due where submission.id = due.id and submission.state in (${oneOf(submissionTransitions.lapse.from)})
			returning submission.id, job_id),
		ended as (
			update job set state = case when cancel_requested_at is null then 'failed' else 'cancelled' end,
				live = false, ready = false, settled_by = lapsed.id, finished_at = now(), updated_at = now(),
				error = case when cancel_requested_at is null then ${jsonb(error)} end
			from lapsed where job.id = lapsed.job_id and job.state in (${oneOf(jobTransitions.fail.from)})
			returning job.*),
		${eventsOfEnded},
		told as (insert into timeline (job_id, type) select id, state from ended)
		select (select count(*)::int from lapsed) as lapsed, (select count(*)::int from delivery_born) as deliveries`;
	return rows[0] ?? { lapsed: 0, deliveries: 0 };
}

/** Leases that ran out: their worker is dead or stalled, so nobody can say what became of the POST. */
export async function rescueLeases(
	db: Database,
	limit: number,
): Promise<number> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		with lost as (
			select id from submission where lease_until < now()
			order by lease_until limit ${limit}::int for update skip locked),
		doubted as (
			update submission set state = 'unknown', lease_owner = null, lease_until = null
			from lost where submission.id = lost.id and submission.state in (${oneOf(submissionTransitions.doubt.from)})
			returning submission.id, job_id),
		${jobsOfDoubted("the worker that sent it is gone")}
		select id from doubted`;
	return rows.length;
}
