import { leaseRenewalMs } from "@reelay/shared/domain/deadline";
import type { JobError } from "@reelay/shared/domain/job-record";
import { renewLeases } from "@reelay/shared/store/claim";
import type { Database } from "@reelay/shared/store/database";
import {
	applyUnknownPolicies,
	lapseOverdue,
	markOverdue,
	rescueLeases,
} from "@reelay/shared/store/submission-sweeps";
import { passRows, type Sweep } from "./every.ts";

export type SubmissionSweepDeps = {
	db: Database;
	/** The submissions that this worker waits for. */
	heldSubmissions: () => string[];
	/** Wakes this worker's own claimer of deliveries. */
	wakeDeliverer: () => void;
};

const outcomeUnknown: JobError = {
	code: "outcome_unknown",
	message:
		"Nobody can say whether the provider took the job, and on_unknown is fail; it may have charged for it.",
	retryable: true,
	provider: null,
};
const noResult: JobError = {
	code: "no_result",
	message:
		"The provider sent no result within the timeout and the grace after it; it may have charged for it.",
	retryable: true,
	provider: null,
};

/** What was sent, and of which nothing more is heard: of its worker, or of the provider. */
export function createSubmissionSweeps({
	db,
	heldSubmissions,
	wakeDeliverer,
}: SubmissionSweepDeps): Sweep[] {
	return [
		// Not a repair: says that this worker lives. Three of these must fail before a lease runs out.
		{
			name: "leaseRenewal",
			everyMs: leaseRenewalMs,
			isRoutine: true,
			pass: () => renewLeases(db, heldSubmissions()),
		},
		// Repairs: a worker that died or stalled between the intent and the answer. Intent → unknown.
		{ name: "rescue", everyMs: 5_000, pass: () => rescueLeases(db, passRows) },
		// Repairs: a callback that never came. Unknown → what the job's policy says; rendering or unknown → overdue, and
		// after the grace → failed.
		{
			name: "overdue",
			everyMs: 5_000,
			async pass() {
				const { failed, resubmitted, deliveries } = await applyUnknownPolicies(
					db,
					passRows,
					outcomeUnknown,
				);
				if (deliveries > 0) wakeDeliverer();
				return failed + resubmitted + (await markOverdue(db, passRows));
			},
		},
		{
			name: "lapse",
			everyMs: 30_000,
			async pass() {
				const { lapsed, deliveries } = await lapseOverdue(
					db,
					passRows,
					noResult,
				);
				if (deliveries > 0) wakeDeliverer();
				return lapsed;
			},
		},
	];
}
