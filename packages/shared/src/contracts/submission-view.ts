import type { SubmissionRecord } from "../domain/submission-record.ts";
import { presentResult } from "./job-view.ts";

/** A submission as the API shows it: what was sent when, what the provider made of it, and what it cost. */
export function presentSubmission(submission: SubmissionRecord) {
	const { state, output, error, settled_at } = submission;
	return {
		id: submission.id,
		n: submission.n,
		state,
		task_id: submission.provider_task_id,
		http_status: submission.http_status,
		cost: {
			points: output?.cost_points ?? null,
			charged: submission.charged,
		},
		result:
			state === "succeeded" && output !== null && settled_at !== null
				? presentResult({ ...output, received_at: settled_at })
				: null,
		error,
		submitted_at: submission.intent_at.toISOString(),
		answered_at: iso(submission.answered_at),
		callback_due_at: submission.callback_due_at.toISOString(),
		overdue_at: iso(submission.overdue_at),
		settled_at: iso(settled_at),
	};
}

function iso(instant: Date | null): string | null {
	return instant?.toISOString() ?? null;
}
