import type { ResolveJobBody } from "@reelay/shared/contracts/job-api";
import type { JobError, JobRecord } from "@reelay/shared/domain/job-record";
import type { ProviderOutput } from "@reelay/shared/domain/provider-answer";
import type { Ringer } from "@reelay/shared/queue/rings";
import { insertAudit } from "@reelay/shared/store/audit-log";
import type { Database } from "@reelay/shared/store/database";
import { findJob } from "@reelay/shared/store/jobs";
import {
	findUnresolvedSubmission,
	resubmitJob,
} from "@reelay/shared/store/resolve";
import { settleSubmission } from "@reelay/shared/store/settle";
import { noSuch, problemFor } from "./problem.ts";

export type ResolveJobDeps = { db: Database; ringer: Pick<Ringer, "enqueue"> };

export type Resolution = {
	tenantId: string;
	/** The id of the operator's API key. */
	actor: string;
	jobId: string;
	body: ResolveJobBody;
};

/**
 * Ends a job whose outcome is unknown or overdue by an operator's word, or sends it again. It settles through the same
 * compare-and-set as a callback, so a callback that comes first wins and one that comes later is surplus.
 */
export async function resolveJob(
	deps: ResolveJobDeps,
	{ tenantId, actor, jobId, body }: Resolution,
): Promise<JobRecord> {
	const { db } = deps;
	const submissionId = await findUnresolvedSubmission(db, tenantId, jobId);
	if (submissionId === null) throw await notResolvable(db, tenantId, jobId);
	await insertAudit(db, {
		tenantId,
		actor,
		action: "job.resolve",
		target: jobId,
		data: { submission: submissionId, ...body },
	});
	if (body.outcome === "resubmit") {
		await resubmit(deps, submissionId);
	} else {
		await settle(deps, submissionId, body);
	}
	const job = await findJob(db, tenantId, jobId);
	if (job === null) throw noSuch("job");
	return job;
}

async function resubmit(
	{ db, ringer }: ResolveJobDeps,
	submissionId: string,
): Promise<void> {
	if (!(await resubmitJob(db, submissionId))) {
		throw problemFor("submissions_spent", {
			detail:
				"The job has used up max_submissions, its cancel was asked for, or its result has just arrived; read it again.",
		});
	}
	ringer.enqueue("submit", [submissionId]);
}

async function settle(
	{ db, ringer }: ResolveJobDeps,
	submissionId: string,
	body: Exclude<ResolveJobBody, { outcome: "resubmit" }>,
): Promise<void> {
	const success = body.outcome === "succeeded";
	const settled = await settleSubmission(db, {
		submissionId,
		verb: success ? "succeed" : "fail",
		output: success ? outputOf(body) : null,
		error: success ? null : resolvedAsFailed(body.note ?? null),
		charged: success ? "yes" : body.charged,
		httpStatus: null,
		callback: null,
	});
	if (settled.deliveries > 0) ringer.enqueue("deliver", [submissionId]);
}

function outputOf(
	body: Extract<ResolveJobBody, { outcome: "succeeded" }>,
): ProviderOutput {
	return {
		task_id: null,
		state: "success",
		result_urls: body.urls,
		cost_points: body.cost_points ?? null,
		cost_time_ms: null,
		model: null,
		source: "operator",
		input_tokens: null,
		output_tokens: null,
		total_tokens: null,
		provider_config_id: null,
	};
}

function resolvedAsFailed(note: string | null): JobError {
	return {
		code: "resolved_as_failed",
		message: note ?? "An operator has resolved the job as failed.",
		retryable: true,
		provider: null,
	};
}

async function notResolvable(db: Database, tenantId: string, jobId: string) {
	const job = await findJob(db, tenantId, jobId);
	if (job === null) return noSuch("job");
	return problemFor("not_resolvable", {
		detail: `The job is ${job.state}; only a job that is unknown or overdue can be resolved.`,
	});
}
