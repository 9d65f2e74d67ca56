/**
 * The words of this product, used by every file and every column:
 *
 *   job         a customer's video, a row in Postgres
 *   submission  one POST to the provider for a job, and its ledger row
 *   callback    the provider tells us how a submission ended
 *   event       a fact that a customer may hear, such as `video.succeeded`
 *   delivery    one event owed to one URL; an attempt is one try of it
 *   ring        a BullMQ message that says only "there is work"
 *   claim       take a row with a compare-and-set; a lease is a claim with an owner and an expiry
 *   sweep       a periodic pass that repairs what a crash left behind
 *   governor    the limiter of calls to the provider
 */

/**
 * Where a job stands.
 *
 * - `queued`: accepted, and nothing that could cost money is under way. A claim moves it on; it may be cancelled or
 *   expire free of charge.
 * - `submitting`: a submission is being posted. The worker that claimed it moves it on; if that worker dies, the
 *   lease sweep does, to `unknown`.
 * - `rendering`: the provider took it. A callback or the blocked call's answer ends it; the overdue sweep watches.
 * - `unknown`: we cannot tell whether the provider took it. It is never sent again by itself.
 * - `overdue`: no result came in time. A late one is still adopted until the grace ends.
 * - `succeeded`, `failed`, `cancelled`, `expired`: final, and never left.
 */
export const jobStates = [
	"queued",
	"submitting",
	"rendering",
	"unknown",
	"overdue",
	"succeeded",
	"failed",
	"cancelled",
	"expired",
] as const;
export type JobState = (typeof jobStates)[number];

/** The states in which something is still owed: a submission, a result, or a decision. */
export const liveJobStates = [
	"queued",
	"submitting",
	"rendering",
	"unknown",
	"overdue",
] as const satisfies readonly JobState[];

/** True once nothing can change the state any more. */
export function isFinal(state: JobState): boolean {
	return !(liveJobStates as readonly JobState[]).includes(state);
}

/** What is known about the customer's money: `possible` is said whenever we cannot exclude a charge. */
export const charges = ["no", "possible", "yes"] as const;
export type Charge = (typeof charges)[number];

/** Claim order: every `high` job before every `normal` one. The numbers are the column's. */
export const priorities = { high: 0, normal: 1, low: 2 } as const;
export type Priority = keyof typeof priorities;

/** The name of a stored priority; throws on a number that no priority has. */
export function priorityName(value: number): Priority {
	for (const [name, number] of Object.entries(priorities)) {
		if (number === value) return name as Priority;
	}
	throw new Error(`no priority has the number ${value}`);
}

/**
 * What happens to a job whose outcome is still unknown when its result is due. `hold` waits for a late result until the
 * grace ends; `fail` gives up at once; `resubmit_once` sends it again, one time, and may pay a second time if the first
 * was taken after all. No policy acts while a result may still be on its way in time.
 */
export const unknownPolicies = ["hold", "fail", "resubmit_once"] as const;
export type UnknownPolicy = (typeof unknownPolicies)[number];
