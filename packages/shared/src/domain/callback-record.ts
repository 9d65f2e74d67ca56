import type { JobState } from "./job.ts";
import type { SubmissionState } from "./submission.ts";

/**
 * What came of a callback. `settled` ended its submission, `surplus` brought a video after the job had ended, `progress`
 * ended nothing, `ignored` came too late to change anything, and `quarantined` waits for somebody to understand it.
 */
export const callbackOutcomes = [
	"settled",
	"surplus",
	"progress",
	"ignored",
	"quarantined",
] as const;
export type CallbackOutcome = (typeof callbackOutcomes)[number];

/** Why a callback was set aside that names another task than the one that its submission is known by. */
export const otherTask = "the task id is not the one that this submission has";

/** A kept callback with what it belongs to; job and submission are null where there is none. */
export type CallbackRecord = {
	id: bigint;
	submission_id: string;
	job_id: string | null;
	tenant_id: string | null;
	job_state: JobState | null;
	is_cancel_requested: boolean;
	submission_state: SubmissionState | null;
	provider_task_id: string | null;
	kind: string;
	outcome: CallbackOutcome;
	reason: string | null;
	body: string;
	body_sha: Uint8Array;
	received_at: Date;
	released_at: Date | null;
};

/** Wide enough that shown ids sort as their callbacks came, for as long as anybody counts. */
export const callbackIdDigits = 12;

/** The id by which a callback is shown. */
export function callbackId(id: bigint): string {
	return `cb_${String(id).padStart(callbackIdDigits, "0")}`;
}

/** The number in a shown id, or null when it is none. */
export function parseCallbackId(text: string): bigint | null {
	const [, digits] = /^cb_(\d{12,18})$/.exec(text) ?? [];
	return digits === undefined ? null : BigInt(digits);
}
