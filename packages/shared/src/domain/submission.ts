/**
 * Where one POST to the provider stands.
 *
 * - `intent`: written before a byte is sent, under a lease. From here on money is possibly spent.
 * - `accepted`: the provider said it took the task.
 * - `unknown`: the worker died or the answer was lost; the provider may or may not be rendering.
 * - `succeeded`: a result with URLs arrived, and was charged. The only state that is never left.
 * - `failed`: the provider took it and said it failed.
 * - `rejected`: a definite no before anything was taken; the job went back to the queue or failed.
 * - `lapsed`: no result came within the grace; a late one is still kept.
 */
export const submissionStates = [
	"intent",
	"accepted",
	"unknown",
	"succeeded",
	"failed",
	"rejected",
	"lapsed",
] as const;
export type SubmissionState = (typeof submissionStates)[number];

/** The states that hold the job's one place for a live submission. */
export const liveSubmissionStates = [
	"intent",
	"accepted",
	"unknown",
] as const satisfies readonly SubmissionState[];
