import { leaseRenewalMs } from "@reelay/shared/domain/deadline";
import type { Ringer } from "@reelay/shared/queue/rings";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Racepoint } from "@reelay/shared/runtime/racepoint";
import { finishBatches, pruneBatchKeys } from "@reelay/shared/store/batches";
import { foldBudgetChanges, recheckBudget } from "@reelay/shared/store/budgets";
import { renewLeases } from "@reelay/shared/store/claim";
import type { Database } from "@reelay/shared/store/database";
import {
	endDeleted,
	exhaustLost,
	holdDisabled,
	releaseHeld,
} from "@reelay/shared/store/deliveries";
import {
	disableFailing,
	warnOfFailing,
} from "@reelay/shared/store/endpoint-health";
import { eraseAgain } from "@reelay/shared/store/erase";
import { pruneIdempotencyKeys } from "@reelay/shared/store/jobs";
import {
	claimRingsDue,
	expireQueued,
	forgetRings,
} from "@reelay/shared/store/ready";
import { stepReplay } from "@reelay/shared/store/replays";
import {
	applyUnknownPolicies,
	lapseOverdue,
	markOverdue,
	rescueLeases,
} from "@reelay/shared/store/submission-sweeps";
import type { Sweep } from "./every.ts";

export type SweepDeps = {
	db: Database;
	/** The submissions that this worker waits for. */
	heldSubmissions: () => string[];
	ringer: Pick<Ringer, "enqueueAndWait" | "hasForgotten">;
	/** Wakes this worker's own claimers; what keeps work flowing when the bell is broken. */
	wakeSubmitter: () => void;
	wakeDeliverer: () => void;
	logger: Logger;
	/** Nothing in production; where a test stops the process. */
	racepoint?: Racepoint | undefined;
};

// A pass takes at most this many rows, so that its locks are short; the next pass takes the rest.
const batch = 500;

// A check reads every job of the budget's period.
const recheckBudgetS = 600;

// With 500 rings each, a pass rings for 5,000 jobs, so that 10,000 that lost their rings have them again in two.
const maxBatches = 10;

/** Rings for what is due, batch by batch, until nothing is or the engine takes no more. */
async function ringDue({ db, ringer, racepoint }: SweepDeps): Promise<number> {
	let rung = 0;
	for (let n = 0; n < maxBatches; n += 1) {
		const ids = await claimRingsDue(db, batch);
		rung += ids.length;
		await racepoint?.("rings.hinted");
		const wasTaken = await ringer.enqueueAndWait("submit", ids);
		if (!wasTaken || ids.length < batch) break;
	}
	return rung;
}

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
		// Not a repair: what this worker itself can find needs no ring. Apart from the ring sweep, which waits for a bell that
		// does not answer.
		{
			name: "wake",
			everyMs: 1_000,
			async pass() {
				deps.wakeSubmitter();
				deps.wakeDeliverer();
				return 0;
			},
		},
		// Repairs: a ring that was lost, and a bell that has lost them all.
		{
			name: "ring",
			everyMs: 1_000,
			isRoutine: true,
			async pass() {
				if (await deps.ringer.hasForgotten()) await forgetRings(db);
				return ringDue(deps);
			},
		},
		// Not a repair: says that this worker lives. Three of these must fail before a lease runs out.
		{
			name: "leaseRenewal",
			everyMs: leaseRenewalMs,
			isRoutine: true,
			pass: () => renewLeases(db, deps.heldSubmissions()),
		},
		// Repairs: a worker that died or stalled between the intent and the answer. Intent → unknown.
		{ name: "rescue", everyMs: 5_000, pass: () => rescueLeases(db, batch) },
		// Repairs: a callback that never came. Unknown → what the job's policy says; rendering or unknown → overdue, and
		// after the grace → failed.
		{
			name: "overdue",
			everyMs: 5_000,
			async pass() {
				const { failed, resubmitted, deliveries } = await applyUnknownPolicies(
					db,
					batch,
					{
						code: "outcome_unknown",
						message:
							"Nobody can say whether the provider took the job, and on_unknown is fail; it may have charged for it.",
						retryable: true,
						provider: null,
					},
				);
				wakeAfter(deliveries);
				return failed + resubmitted + (await markOverdue(db, batch));
			},
		},
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
						"The job was not submitted within start_within_s; charged says whether an earlier submission of it was paid for.",
					retryable: true,
					provider: null,
				});
				wakeAfter(deliveries);
				return expired;
			},
		},
		// Repairs: a delivery that has no attempt left, and whose last one ended with its worker.
		{
			name: "deliveries",
			everyMs: 30_000,
			pass: () => exhaustLost(db, batch),
		},
		// Not a repair: what endpoints are owed follows them when they are disabled, enabled and deleted.
		{
			name: "held",
			everyMs: 5_000,
			isRoutine: true,
			async pass() {
				const held = await holdDisabled(db, batch);
				const released = await releaseHeld(db, batch);
				wakeAfter(released);
				return held + released + (await endDeleted(db, batch));
			},
		},
		// Not a repair: what somebody asked to be sent again.
		{
			name: "replays",
			everyMs: 1_000,
			isRoutine: true,
			async pass() {
				const seen = await stepReplay(db);
				wakeAfter(seen);
				return seen;
			},
		},
		// Not a repair: endpoints that have failed for long are told of, and then disabled.
		{
			name: "endpoints",
			everyMs: 60_000,
			isRoutine: true,
			async pass() {
				const warned = await warnOfFailing(db, batch);
				const disabled = await disableFailing(db, batch);
				for (const one of warned) deps.logger.warn(one, "endpoint.failing");
				for (const one of disabled) deps.logger.error(one, "endpoint.disabled");
				return warned.length + disabled.length;
			},
		},
		// Not a repair: what ended jobs change of their budgets' counters is added to them.
		{
			name: "budgets",
			everyMs: 10_000,
			isRoutine: true,
			pass: () => foldBudgetChanges(db, batch),
		},
		// Repairs: a counter that is not the sum of its rows, because somebody wrote past the triggers.
		{
			name: "budgetCheck",
			everyMs: 10_000,
			async pass() {
				const difference = await recheckBudget(db, recheckBudgetS);
				if (!difference) return 0;
				deps.logger.error(difference, "budget.recounted");
				return 1;
			},
		},
		{
			name: "idempotencyKeys",
			everyMs: 60_000,
			isRoutine: true,
			pass: async () =>
				(await pruneIdempotencyKeys(db, batch)) +
				(await pruneBatchKeys(db, batch)),
		},
		// Not a repair: a batch ends when the last of its jobs has, whatever ended that.
		{
			name: "batches",
			everyMs: 1_000,
			isRoutine: true,
			async pass() {
				const { finished, deliveries } = await finishBatches(db, batch);
				wakeAfter(deliveries);
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
