import type { JobState } from "./job.ts";
import type { SubmissionState } from "./submission.ts";

/**
 * The one table of how jobs and submissions move. It is used three times: by the pure check below, by the
 * `WHERE state IN (…)` of every guarded write in the store, and by the test that holds ARCHITECTURE.md's diagram to
 * it. A verb names what happened; `from` is where it may happen, `to` is where it may lead.
 */
type Transition<State> = {
	readonly from: readonly State[];
	readonly to: readonly State[];
};

/** How a job moves. `succeed` may end any live state, because a result that was paid for is never refused. */
export const jobTransitions = {
	claim: { from: ["queued"], to: ["submitting"] },
	requeue: { from: ["submitting"], to: ["queued"] },
	accept: { from: ["submitting", "unknown"], to: ["rendering"] },
	doubt: { from: ["submitting"], to: ["unknown"] },
	// By the job's policy or an operator's word, never by itself.
	resubmit: { from: ["unknown", "overdue"], to: ["queued"] },
	fallOverdue: { from: ["rendering", "unknown"], to: ["overdue"] },
	// The second target of both verbs is a job whose cancel was asked for while the provider could not be stopped.
	succeed: {
		from: ["queued", "submitting", "rendering", "unknown", "overdue"],
		to: ["succeeded", "cancelled"],
	},
	fail: {
		from: ["submitting", "rendering", "unknown", "overdue"],
		to: ["failed", "cancelled"],
	},
	cancel: { from: ["queued"], to: ["cancelled"] },
	expire: { from: ["queued"], to: ["expired"] },
} as const satisfies Record<string, Transition<JobState>>;
export type JobVerb = keyof typeof jobTransitions;

/**
 * How a submission moves. `succeed` also leaves `rejected`, `failed` and `lapsed`: a success that arrives after we
 * had given up was paid for, so the ledger must say so, even though the job's final state stays as it is.
 */
export const submissionTransitions = {
	accept: { from: ["intent", "unknown"], to: ["accepted"] },
	doubt: { from: ["intent"], to: ["unknown"] },
	reject: { from: ["intent"], to: ["rejected"] },
	succeed: {
		from: ["intent", "accepted", "unknown", "rejected", "failed", "lapsed"],
		to: ["succeeded"],
	},
	fail: { from: ["intent", "accepted", "unknown"], to: ["failed"] },
	lapse: { from: ["accepted", "unknown"], to: ["lapsed"] },
} as const satisfies Record<string, Transition<SubmissionState>>;
export type SubmissionVerb = keyof typeof submissionTransitions;

/** True when the verb may happen to a job in this state. */
export function isJobMove(verb: JobVerb, from: JobState): boolean {
	return (jobTransitions[verb].from as readonly JobState[]).includes(from);
}

/** True when the verb may happen to a submission in this state. */
export function isSubmissionMove(
	verb: SubmissionVerb,
	from: SubmissionState,
): boolean {
	return (
		submissionTransitions[verb].from as readonly SubmissionState[]
	).includes(from);
}
