import {
	type CallbackOutcome,
	type CallbackRecord,
	otherTask,
} from "./callback-record.ts";
import type { JobState } from "./job.ts";
import type { ProviderReport } from "./provider-answer.ts";
import { isJobMove, isSubmissionMove } from "./transitions.ts";

/** What a callback would become if it were applied now, why it would change nothing, and the state of its job after it. */
export type Forecast = {
	outcome: CallbackOutcome;
	reason: string | null;
	job_state: JobState | null;
};

/** What is known of a callback's submission and of its job. */
export type CallbackFacts = Pick<
	CallbackRecord,
	"job_state" | "is_cancel_requested" | "submission_state" | "provider_task_id"
>;

/**
 * Foretells what applying a report would do to a callback that is set aside, by the table by which the statement decides:
 * a test holds the two together. Something may always happen in between; the statement has the last word.
 */
export function forecastReplay(
	callback: CallbackFacts,
	report: ProviderReport,
	adopts = false,
): Forecast {
	const { job_state, submission_state, provider_task_id: known } = callback;
	const stays = (outcome: CallbackOutcome, reason: string | null) => {
		return { outcome, reason, job_state };
	};
	if (report.kind === "unreadable") return stays("quarantined", report.reason);
	const { task_id } = report.output;
	if (!adopts && known !== null && task_id !== null && known !== task_id) {
		return stays("quarantined", otherTask);
	}
	if (submission_state === null || job_state === null) {
		return report.kind === "progress"
			? stays("progress", null)
			: stays("ignored", "no such submission");
	}
	if (report.kind === "progress") {
		const moves =
			isSubmissionMove("accept", submission_state) &&
			isJobMove("accept", job_state);
		return {
			...stays("progress", null),
			...(moves ? { job_state: "rendering" } : {}),
		};
	}
	const verb = report.kind === "succeeded" ? "succeed" : "fail";
	if (!isSubmissionMove(verb, submission_state)) {
		return stays(
			"ignored",
			`the submission had ended before: ${submission_state}`,
		);
	}
	if (!isJobMove(verb, job_state)) {
		return stays(verb === "succeed" ? "surplus" : "settled", null);
	}
	const end = verb === "succeed" ? "succeeded" : "failed";
	return {
		outcome: "settled",
		reason: null,
		job_state: callback.is_cancel_requested ? "cancelled" : end,
	};
}
