import { leaseRenewalMs } from "@reelay/shared/domain/deadline";
import type { Ringer } from "@reelay/shared/queue/rings";
import { renewLeases } from "@reelay/shared/store/claim";
import type { Database } from "@reelay/shared/store/database";
import { freeLostSlots } from "@reelay/shared/store/governor";
import { pruneIdempotencyKeys } from "@reelay/shared/store/jobs";
import { claimRingsDue, expireQueued } from "@reelay/shared/store/ready";
import {
	lapseOverdue,
	markOverdue,
	rescueLeases,
} from "@reelay/shared/store/submissions";
import type { Sweep } from "./every.ts";

export type SweepDeps = {
	db: Database;
	workerId: string;
	ringer: Pick<Ringer, "enqueueAndWait">;
	/** Wakes this worker's own claimers; what keeps work flowing when the bell is broken. */
	wakeSubmitter: () => void;
	wakeDeliverer: () => void;
};

// A pass takes at most this many rows, so that its locks are short; the next pass takes the rest.
const batch = 500;

/**
 * Every sweep, with what it repairs. Each pass is one guarded statement that skips locked rows, so any number of workers
 * may run all of them at once.
 */
export function createSweeps(deps: SweepDeps): Sweep[] {
	const { db } = deps;
	const wakeAfter = (deliveries: number) => {
		if (deliveries > 0) deps.wakeDeliverer();
	};
	return [
		// Repairs: a ring that was lost, a job whose not_before has come, and a bell that is broken altogether.
		{
			name: "ring",
			everyMs: 1_000,
			async pass() {
				const ids = await claimRingsDue(db, batch);
				// Before the ring, which a bell in trouble may hold up: this worker needs none to hear itself.
				deps.wakeSubmitter();
				deps.wakeDeliverer();
				await deps.ringer.enqueueAndWait("submit", ids);
				return ids.length;
			},
		},
		// Not a repair: says that this worker lives. Three of these must fail before a lease runs out.
		{
			name: "leaseRenewal",
			everyMs: leaseRenewalMs,
			pass: () => renewLeases(db, deps.workerId),
		},
		// Repairs: a worker that died or stalled between the intent and the answer. Intent → unknown.
		{ name: "rescue", everyMs: 5_000, pass: () => rescueLeases(db, batch) },
		// Repairs: a callback that never came. Rendering or unknown → overdue, and after the grace → failed.
		{ name: "overdue", everyMs: 5_000, pass: () => markOverdue(db, batch) },
		{
			name: "lapse",
			everyMs: 30_000,
			async pass() {
				const { lapsed, deliveries } = await lapseOverdue(db, batch, {
					code: "no_result",
					message:
						"The provider sent no result within the timeout and the grace after it; it may have charged for it.",
					retryable: true,
					provider: null,
				});
				wakeAfter(deliveries);
				return lapsed;
			},
		},
		{
			name: "expire",
			everyMs: 5_000,
			async pass() {
				const { expired, deliveries } = await expireQueued(db, batch, {
					code: "start_deadline_passed",
					message:
						"The job was not submitted within start_within_s; nothing was charged for it.",
					retryable: true,
					provider: null,
				});
				wakeAfter(deliveries);
				return expired;
			},
		},
		// Repairs: a slot whose submission was ended by hand.
		{ name: "slots", everyMs: 30_000, pass: () => freeLostSlots(db) },
		{
			name: "idempotencyKeys",
			everyMs: 60_000,
			pass: () => pruneIdempotencyKeys(db, batch),
		},
	];
}
