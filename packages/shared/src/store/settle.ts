/**
 * How a submission ends, whoever heard it first. The blocked call's answer and the callback are two sources of one
 * outcome and arrive in any order, twice or never; both come here, and the first one wins by compare-and-set.
 *
 * One statement settles the submission, ends the job, writes the timeline, the event and the deliveries, and (for a
 * callback) keeps what the provider said; for one report, or for several that came at the same moment. A crash before the
 * commit leaves nothing of it, after the commit all of it. It locks the submissions before the jobs, as every other writer
 * does, so no two of them can deadlock.
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
	keptCallbacks,
	type ReceivedCallback,
} from "./kept-callback.ts";
import { literals } from "./sql.ts";

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
	const [settled] = await settleSubmissions(db, [report]);
	if (!settled) throw new Error("the settling statement gave no row");
	return settled;
}

/**
 * Applies several in one statement: all of it is committed, or nothing is. What came of each is told by its place, and
 * undefined of one that was left out, because another of the same submission or the same job came before it: it is to be applied
 * after them.
 */
export async function settleSubmissions(
	db: Database,
	reports: readonly Settlement[],
): Promise<(Settled | undefined)[]> {
	const rows = await db.$queryRaw<(Settled & { n: number })[]>`
		with ${broughtReports(reports)}, ${newReports}, ${lockedSubmissions}, ${settledSubmissions}, ${settledJobs},
		ended as (select * from settled_job where ${isEnd}),
		${bornEvents},
		told as (
			insert into timeline (job_id, type, data)
			select id, case when ${isEnd} then state when is_success then 'surplus_result' else 'submission_failed' end,
				jsonb_build_object('submission', by_submission, 'from', source)
			from settled_job),
		${outcomes}, ${keptCallbacks}
		select heard.n, heard.settled, heard.ended, heard.job_id, heard.job_state,
			(select count(*)::int from event_born join delivery_born on delivery_born.event_id = event_born.id
				where event_born.job_id = heard.job_id) as deliveries,
			kept.id as callback_id, kept.outcome as callback_outcome, kept.reason as callback_reason
		from heard left join kept on kept.submission_id = heard.submission_id
		union all
		select n, false, false, job_id, null, 0, null, null, null from known`;
	const came = new Map(rows.map(({ n, ...settled }) => [n, settled]));
	return reports.map((_, n) => came.get(n));
}

/** The reports as rows, one of each submission. One parameter, so that the statement is the same for any number. */
function broughtReports(reports: readonly Settlement[]): Prisma.Sql {
	const first = new Map<string, number>();
	for (const [n, { submissionId }] of reports.entries()) {
		if (!first.has(submissionId)) first.set(submissionId, n);
	}
	const rows = [...first.values()].map((n) => rowOf(reports[n], n));
	return Prisma.sql`brought as materialized (
		select item.*, verb = 'succeed' as is_success from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as item (
			n int, submission_id text, verb text, source text, task_id text, points int, output jsonb, error jsonb,
			charged text, http_status int, body_sha text, body text, kind text))`;
}

const rowOf = (report: Settlement | undefined, n: number) =>
	report && {
		n,
		submission_id: report.submissionId,
		verb: report.verb,
		source: sourceOf(report),
		task_id: report.output?.task_id ?? null,
		points: report.output?.cost_points ?? null,
		output: report.output,
		error: report.error,
		charged: report.charged,
		http_status: report.httpStatus,
		body_sha: report.callback?.bodySha.toString("hex") ?? null,
		body: report.callback?.body ?? null,
		kind: report.callback?.kind ?? null,
	};

function sourceOf({ callback, adopts }: Settlement): string {
	if (callback === null) return "answer";
	return adopts === true ? "adopted_callback" : "callback";
}

/** Whether the verb may happen to the row, by the one table of transitions. */
const mayMove = (
	row: "job" | "submission",
	moves: typeof jobTransitions | typeof submissionTransitions,
) => Prisma.sql`
	case when is_success then ${Prisma.raw(row)}.state in (${literals(moves.succeed.from)})
		else ${Prisma.raw(row)}.state in (${literals(moves.fail.from)}) end`;

/**
 * Those that may still change something. A callback whose bytes are kept, of a submission that its verb cannot move any more,
 * is answered without a lock and writes nothing; no state that forbids a verb is ever left for one that allows it. What was
 * set aside is no such callback: what it does now is what counts.
 */
const newReports = Prisma.sql`
	known as materialized (
		select brought.n, submission.job_id from brought
			join callback on callback.submission_id = brought.submission_id
				and callback.body_sha = decode(brought.body_sha, 'hex') and callback.outcome <> 'quarantined'
			join submission on submission.id = brought.submission_id
		where not (${mayMove("submission", submissionTransitions)})),
	report as materialized (
		select * from brought where not exists (select from known where known.n = brought.n))`;

/**
 * What each submission is behind its lock. The statement's own snapshot is older than a wait for that lock, so what a
 * faster report wrote is read from here. The locks are taken in the order of the ids, and of several that would end one
 * job the first is chosen. A callback that names another task than the one we know matches nothing; an answer came on the
 * connection that sent this very submission, so it is believed whatever a callback has said before.
 */
const lockedSubmissions = Prisma.sql`
	before as (
		select report.*, submission.id, submission.job_id, submission.state, submission.provider_task_id,
			(submission.output->>'cost_points')::int as points_before,
			source = 'callback' and coalesce(submission.provider_task_id <> task_id, false) as is_other
		from report join submission on submission.id = report.submission_id
		order by submission.id for update of submission),
	chosen as materialized (select distinct on (job_id) * from before order by job_id, n)`;

/** The compare-and-set. */
const settledSubmissions = Prisma.sql`settled as (
	update submission set
		state = case when is_success then 'succeeded' else 'failed' end, live = false,
		lease_owner = null, lease_until = null, charged = chosen.charged, output = chosen.output, error = chosen.error,
		provider_task_id = coalesce(chosen.provider_task_id, task_id),
		http_status = coalesce(chosen.http_status, submission.http_status),
		answered_at = case when source = 'answer' then now() else answered_at end, settled_at = now()
	from chosen
	where submission.id = chosen.id and not is_other and ${mayMove("submission", submissionTransitions)}
	returning submission.id as by_submission, submission.job_id, chosen.n, is_success, source, points, points_before,
		chosen.charged as told_charge, chosen.output as told_output, chosen.error as told_error)`;

const isOpen = mayMove("job", jobTransitions);
const others = (charge: Charge) => Prisma.sql`exists (
	select from submission o where o.job_id = job.id and o.id <> by_submission and o.charged = ${literals([charge])})`;

/** Ends the jobs that may still be ended, and tells the money either way. */
const settledJobs = Prisma.sql`settled_job as (
	update job set
		state = case when not (${isOpen}) then state when cancel_requested_at is not null then 'cancelled'
			when is_success then 'succeeded' else 'failed' end,
		live = live and not (${isOpen}), ready = ready and not (${isOpen}),
		result = case when (${isOpen}) and is_success then
			told_output || jsonb_build_object('received_at', now()) else result end,
		error = case when not (${isOpen}) or cancel_requested_at is not null then error
			when not is_success then told_error end,
		charged = case when told_charge = 'yes' or charged = 'yes' or ${others("yes")} then 'yes'
			when told_charge = 'possible' or ${others("possible")} then 'possible' else 'no' end,
		cost_points = case when coalesce(points, points_before) is null then cost_points
			else coalesce(cost_points, 0) - coalesce(points_before, 0) + coalesce(points, 0) end,
		surplus_results = surplus_results + case when is_success and not (${isOpen}) then 1 else 0 end,
		settled_by = case when ${isOpen} then by_submission else settled_by end,
		finished_at = case when ${isOpen} then now() else finished_at end, updated_at = now()
	from settled where job.id = settled.job_id
	returning job.*, by_submission, is_success, source)`;

/**
 * Whether a report ended its job. The id alone does not tell: a submission that failed, lapsed or was refused may have
 * ended the job then, and only a success that ends a job leaves it a result.
 */
const isEnd = Prisma.sql`(settled_by = by_submission and (result is not null) = is_success)`;

/** One final event for a job that ended, or one more surplus event for a job that had ended before. */
const bornEvents = Prisma.sql`
	event_born as (
		insert into event (id, tenant_id, job_id, type, sequence, snapshot)
		select new_id('evt'), tenant_id, id, case when ${isEnd} then 'video.' || state else 'video.surplus_result' end,
			case when ${isEnd} then 1 else surplus_results end,
			to_jsonb(settled_job) - '{by_submission,is_success,source}'::text[]
		from settled_job where ${isEnd} or is_success
		returning id, tenant_id, job_id, type),
	${deliveriesOfEnded}`;

/** What came of each, and what its callback is kept with. */
const outcomes = Prisma.sql`
	heard as (
		select report.n, report.submission_id, chosen.job_id, settled_job.state as job_state,
			settled.n is not null as settled, ended.id is not null as ended,
			decode(report.body_sha, 'hex') as body_sha, report.body, report.kind,
			case when ended.id is not null then 'settled'
				when settled.n is not null then case when report.is_success then 'surplus' else 'settled' end
				when is_other then 'quarantined' else 'ignored' end as outcome,
			case when settled.n is not null then null when is_other then ${otherTask}
				else coalesce('the submission had ended before: ' || chosen.state, 'no such submission') end as reason
		from report left join chosen on chosen.n = report.n left join settled on settled.n = report.n
			left join settled_job on settled_job.by_submission = settled.by_submission
			left join ended on ended.by_submission = settled.by_submission
		where chosen.n is not null or not exists (select from before where before.n = report.n))`;
