import { type BellSweepDeps, createBellSweeps } from "./bell-sweeps.ts";
import { type BudgetSweepDeps, createBudgetSweeps } from "./budget-sweeps.ts";
import {
	createDeliverySweeps,
	type DeliverySweepDeps,
} from "./delivery-sweeps.ts";
import type { Sweep } from "./every.ts";
import { createJobSweeps, type JobSweepDeps } from "./job-sweeps.ts";
import { createPruneSweeps, type PruneSweepDeps } from "./prune-sweeps.ts";
import {
	createSubmissionSweeps,
	type SubmissionSweepDeps,
} from "./submission-sweeps.ts";

export type SweepDeps = BellSweepDeps &
	SubmissionSweepDeps &
	JobSweepDeps &
	DeliverySweepDeps &
	BudgetSweepDeps &
	PruneSweepDeps;

/**
 * Every sweep, with what it repairs. Each pass is one guarded statement that skips locked rows, so any number of workers
 * may run all of them at once.
 */
export function createSweeps(deps: SweepDeps): Sweep[] {
	return [
		...createBellSweeps(deps),
		...createSubmissionSweeps(deps),
		...createJobSweeps(deps),
		...createDeliverySweeps(deps),
		...createBudgetSweeps(deps),
		...createPruneSweeps(deps),
	];
}
