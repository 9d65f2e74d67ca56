import type { JobError } from "@reelay/shared/domain/job-record";
import { finishBatches, pruneBatchKeys } from "@reelay/shared/store/batches";
import type { Database } from "@reelay/shared/store/database";
import { eraseAgain } from "@reelay/shared/store/erase";
import { pruneIdempotencyKeys } from "@reelay/shared/store/jobs";
import { expireQueued } from "@reelay/shared/store/ready";
import { passRows, type Sweep } from "./every.ts";

export type JobSweepDeps = {
	db: Database;
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

/** Jobs that nobody sends in time, and what is left of jobs and batches once they have ended. */
export function createJobSweeps({ db, wakeDeliverer }: JobSweepDeps): Sweep[] {
	return [
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
