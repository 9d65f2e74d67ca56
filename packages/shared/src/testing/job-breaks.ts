import type { JobState } from "../domain/job.ts";

/**
 * Changes of jobs and of their submissions that the database refuses: the rule, the table, the state of the job before, and
 * what is set.
 */
export const jobBreaks: readonly [
	constraint: string,
	table: "job" | "submission",
	state: JobState,
	change: string,
][] = [
	["job_erased_final", "job", "queued", "erased_at = now()"],
	[
		"job_state_known",
		"job",
		"queued",
		"state = 'paused', live = false, ready = false, finished_at = now()",
	],
	["job_live_state", "job", "succeeded", "live = true, finished_at = null"],
	["job_live_state", "job", "rendering", "live = false, finished_at = now()"],
	["job_ready_state", "job", "queued", "ready = false"],
	["job_ready_state", "job", "rendering", "ready = true"],
	["job_final_finished", "job", "succeeded", "finished_at = null"],
	["job_final_finished", "job", "queued", "finished_at = now()"],
	["job_succeeded_result", "job", "succeeded", "result = null"],
	["job_result_state", "job", "rendering", "result = '{}'"],
	["job_result_state", "job", "failed", "result = '{}'"],
	["job_error_state", "job", "failed", "error = null"],
	["job_error_state", "job", "succeeded", "error = '{}'"],
	["job_charged_known", "job", "queued", "charged = 'perhaps'"],
	[
		"job_submissions_budget",
		"job",
		"queued",
		"submissions = max_submissions + 1",
	],
	["job_submissions_budget", "job", "queued", "submissions = -1"],
	["job_cancel_state", "job", "queued", "cancel_requested_at = now()"],
	["job_on_unknown_known", "job", "queued", "on_unknown = 'pray'"],
	["submission_state_known", "submission", "failed", "state = 'gone'"],
	[
		"submission_live_state",
		"submission",
		"rendering",
		"live = false, settled_at = now()",
	],
	[
		"submission_live_state",
		"submission",
		"failed",
		"live = true, settled_at = null",
	],
	["submission_lease_state", "submission", "submitting", "lease_until = null"],
	["submission_lease_state", "submission", "unknown", "lease_until = now()"],
	["submission_settled_state", "submission", "failed", "settled_at = null"],
	["submission_settled_state", "submission", "rendering", "settled_at = now()"],
	["submission_succeeded_output", "submission", "succeeded", "output = null"],
	[
		"submission_succeeded_output",
		"submission",
		"succeeded",
		"charged = 'possible'",
	],
	["submission_charged_known", "submission", "failed", "charged = 'perhaps'"],
];
