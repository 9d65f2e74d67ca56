/**
 * How a submission ends, whoever heard it first. The blocked call's answer and the callback are two sources of one
 * outcome and arrive in any order, twice or never; both come here, and the first one wins by compare-and-set.
 *
 * One statement settles the submission, ends the job, frees the slot, writes the timeline, the event and the delivery,
 * and (for a callback) keeps what the provider said. A crash before the commit leaves nothing of it, after the commit
 * all of it. It locks the submission before the job, as every other writer does, so no two of them can deadlock.
 */
import { Prisma } from "@reelay/prisma/client";
import { otherTask } from "../domain/callback-record.ts";
import type { Charge } from "../domain/job.ts";
import type { JobError } from "../domain/job-record.ts";
import type { ProviderOutput } from "../domain/provider-answer.ts";
import {
	jobTransitions,
	submissionTransitions,
} from "../domain/transitions.ts";
import type { Database } from "./database.ts";
import { deliveriesOfEnded } from "./events.ts";
import {
	type KeptCallback,
	keptCallback,
	keptColumns,
	namesOtherTask,
	type ReceivedCallback,
} from "./kept-callback.ts";
import { jsonb, oneOf } from "./sql.ts";

export type { ReceivedCallback } from "./kept-callback.ts";

export type Settlement = {
	submissionId: string;
	verb: "succeed" | "fail";
	output: ProviderOutput | null;
	error: JobError | null;
	charged: Charge;
	httpStatus: number | null;
	callback: ReceivedCallback | null;
	/** An operator's word that the callback is this submission's, although it names another task than the one we know. */
	adopts?: boolean | undefined;
};

/**
 * What came of it. `settled`: this report ended the submission. `ended`: it ended the job too; when it did not, a
 * success is surplus. A loser (`settled: false`) changed nothing, and its callback is kept with the reason.
 */
export type Settled = KeptCallback & {
	settled: boolean;
	ended: boolean;
	/** Null when there is no such submission. */
	job_id: string | null;
	/** Null for a loser. */
	job_state: string | null;
	deliveries: number;
};

/** Applies one report of a submission's end. Safe to call any number of times, by anyone, in any order. */
export async function settleSubmission(
	db: Database,
	report: Settlement,
): Promise<Settled> {
	const rows = await db.$queryRaw<Settled[]>`
		with ${lockedSubmission(report)},
		${settledSubmission(report)},
		${settledJob(report)},
		ended as (select * from settled_job where ${ended(report)}),
		${bornEvents(report)},
		told as (
			insert into timeline (job_id, type, data)
			select id, case when ${ended(report)} then state
					when ${report.verb} = 'succeed' then 'surplus_result' else 'submission_failed' end,
				jsonb_build_object('submission', by_submission, 'from', ${sourceOf(report)}::text)
			from settled_job),
		${keptWithItsEnd(report)}
		select exists (select from settled) as settled, exists (select from ended) as ended,
			(select job_id from before) as job_id, (select state from settled_job) as job_state,
			(select count(*)::int from delivery_born) as deliveries, ${keptColumns}`;
	const [row] = rows;
	if (row === undefined) throw new Error("the settling statement gave no row");
	return row;
}

/**
 * What the submission is behind its lock. The statement's own snapshot is older than a wait for that lock, so what a
 * faster report wrote is read from here.
 */
const lockedSubmission = (report: Settlement) => Prisma.sql`
	before as (
		select id, job_id, state, provider_task_id, (output->>'cost_points')::int as points
		from submission where id = ${report.submissionId} for update)`;

function sourceOf({ callback, adopts }: Settlement): string {
	if (callback === null) return "answer";
	return adopts === true ? "adopted_callback" : "callback";
}

const contradicts = (report: Settlement) =>
	namesOtherTask(report, report.output?.task_id ?? null);

/**
 * Whether this report ended the job. The id alone does not tell: a submission that failed, lapsed or was refused may
 * have ended the job then, and only a success that ends a job leaves it a result.
 */
const ended = (report: Settlement) =>
	Prisma.sql`(settled_by = by_submission and (result is not null) = ${report.verb === "succeed"})`;

/** The compare-and-set. */
function settledSubmission(report: Settlement): Prisma.Sql {
	const taskId = report.output?.task_id ?? null;
	return Prisma.sql`settled as (
		update submission set
			state = ${report.verb === "succeed" ? "succeeded" : "failed"}, live = false,
			lease_owner = null, lease_until = null, charged = ${report.charged},
			output = ${jsonb(report.output)}, error = ${jsonb(report.error)},
			provider_task_id = coalesce(before.provider_task_id, ${taskId}),
			http_status = coalesce(${report.httpStatus}::int, http_status),
			answered_at = case when ${report.callback === null} then now() else answered_at end,
			settled_at = now()
		from before
		where submission.id = before.id and not ${contradicts(report)}
			and submission.state in (${oneOf(submissionTransitions[report.verb].from)})
		returning submission.id, submission.job_id, before.points as points_before)`;
}

/** Ends the job if it may still be ended, and tells the money either way. */
function settledJob(report: Settlement): Prisma.Sql {
	const success = report.verb === "succeed";
	const points = report.output?.cost_points ?? null;
	const open = Prisma.sql`job.state in (${oneOf(jobTransitions[report.verb].from)})`;
	const others = (charge: Charge) => Prisma.sql`exists (
		select from submission o where o.job_id = job.id and o.id <> settled.id and o.charged = ${charge})`;
	return Prisma.sql`settled_job as (
		update job set
			state = case when not (${open}) then state when cancel_requested_at is not null then 'cancelled'
				else ${success ? "succeeded" : "failed"} end,
			live = live and not (${open}), ready = ready and not (${open}),
			result = case when ${open} and ${success} then
				${jsonb(report.output)} || jsonb_build_object('received_at', now()) else result end,
			error = case when ${open} and cancel_requested_at is null then ${jsonb(success ? null : report.error)} else error end,
			charged = case when ${report.charged} = 'yes' or charged = 'yes' or ${others("yes")} then 'yes'
				when ${report.charged} = 'possible' or ${others("possible")} then 'possible' else 'no' end,
			cost_points = case when coalesce(${points}::int, points_before) is null then cost_points
				else coalesce(cost_points, 0) - coalesce(points_before, 0) + coalesce(${points}::int, 0) end,
			surplus_results = surplus_results + case when ${success} and not (${open}) then 1 else 0 end,
			settled_by = case when ${open} then settled.id else settled_by end,
			finished_at = case when ${open} then now() else finished_at end, updated_at = now()
		from settled where job.id = settled.job_id
		returning job.*, settled.id as by_submission)`;
}

/** One final event for the job that ended, or one more surplus event for a job that had ended before. */
const bornEvents = (report: Settlement) => Prisma.sql`
	event_born as (
		insert into event (id, tenant_id, job_id, type, sequence, snapshot)
		select new_id('evt'), tenant_id, id,
			case when ${ended(report)} then 'video.' || state else 'video.surplus_result' end,
			case when ${ended(report)} then 1 else surplus_results end,
			to_jsonb(settled_job) - 'by_submission'
		from settled_job where ${ended(report)} or ${report.verb} = 'succeed'
		returning id, tenant_id, job_id, type),
	${deliveriesOfEnded}`;

/** Keeps the callback with what came of it. */
function keptWithItsEnd(report: Settlement): Prisma.Sql {
	const { callback, submissionId } = report;
	const mismatch = Prisma.sql`exists (select from before where ${contradicts(report)})`;
	return keptCallback(submissionId, callback, {
		outcome: Prisma.sql`case when exists (select from ended) then 'settled'
			when exists (select from settled) then ${report.verb === "succeed" ? "surplus" : "settled"}
			when ${mismatch} then 'quarantined' else 'ignored' end`,
		reason: Prisma.sql`case when exists (select from settled) then null
			when ${mismatch} then ${otherTask}
			else coalesce('the submission had ended before: ' || (select state from before), 'no such submission') end`,
	});
}
