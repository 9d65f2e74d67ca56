import type { JobError } from "@reelay/shared/domain/job-record";
import { finishBatches, pruneBatchKeys } from "@reelay/shared/store/batches";
import type { Database } from "@reelay/shared/store/database";
import { eraseAgain } from "@reelay/shared/store/erase";
import { pruneIdempotencyKeys } from "@reelay/shared/store/jobs";
import { expireQueued } from "@reelay/shared/store/ready";
import { releaseScheduled } from "@reelay/shared/store/scheduled";
import { passRows, type Sweep } from "./every.ts";

export type JobSweepDeps = {
	db: Database;
	/** Wakes this worker's own claimer of jobs. */
	wakeSubmitter: () => void;
	/** Wakes this worker's own claimer of deliveries. */
	wakeDeliverer: () => void;
};

const startDeadlinePassed: JobError = {
	code: "start_deadline_passed",
	message:
		"The job was not submitted within start_within_s; charged says whether an earlier submission of it was paid for.",
	retryable: true,
	provider: null,
};

// With 500 jobs each, a pass releases 5,000: as many as all that a quick provider takes in minutes.
const maxReleases = 10;

/** Lets all take their turns whose time has come, step by step, so that the first need not wait for the last. */
async function releaseDue({
	db,
	wakeSubmitter,
}: JobSweepDeps): Promise<number> {
	let released = 0;
	for (let n = 0; n < maxReleases; n += 1) {
		const count = await releaseScheduled(db, passRows);
		if (count === 0) break;
		released += count;
		wakeSubmitter();
	}
	return released;
}

/** Jobs whose time comes or is over, and what is left of jobs and batches once they have ended. */
export function createJobSweeps(deps: JobSweepDeps): Sweep[] {
	const { db, wakeDeliverer } = deps;
	return [
		// Not a repair: what was queued for later is out of the claim's way until its time.
		{
			name: "scheduled",
			everyMs: 1_000,
			isRoutine: true,
			pass: () => releaseDue(deps),
		},
		{
			name: "expire",
			everyMs: 5_000,
			async pass() {
				const { expired, deliveries } = await expireQueued(
					db,
					passRows,
					startDeadlinePassed,
				);
				if (deliveries > 0) wakeDeliverer();
				return expired;
			},
		},
		{
			name: "idempotencyKeys",
			everyMs: 60_000,
			isRoutine: true,
			pass: async () =>
				(await pruneIdempotencyKeys(db, passRows)) +
				(await pruneBatchKeys(db, passRows)),
		},
		// Not a repair: a batch ends when the last of its jobs has, whatever ended that.
		{
			name: "batches",
			everyMs: 1_000,
			isRoutine: true,
			async pass() {
				const { finished, deliveries } = await finishBatches(db, passRows);
				if (deliveries > 0) wakeDeliverer();
				return finished;
			},
		},
		// Repairs: what a late callback has brought back of a job whose content was erased.
		{
			name: "erasures",
			everyMs: 60_000,
			isRoutine: true,
			pass: () => eraseAgain(db, 50),
		},
	];
}
