import type { Logger } from "@reelay/shared/runtime/logger";
import { foldBudgetChanges, recheckBudget } from "@reelay/shared/store/budgets";
import type { Database } from "@reelay/shared/store/database";
import { passRows, type Sweep } from "./every.ts";

export type BudgetSweepDeps = { db: Database; logger: Logger };

// A check reads every job of the budget's period.
const recheckBudgetS = 600;

/** The counters of budgets. */
export function createBudgetSweeps({ db, logger }: BudgetSweepDeps): Sweep[] {
	return [
		// Not a repair: what ended jobs change of their budgets' counters is added to them.
		{
			name: "budgets",
			everyMs: 10_000,
			isRoutine: true,
			pass: () => foldBudgetChanges(db, passRows),
		},
		// Repairs: a counter that is not the sum of its rows, because somebody wrote past the triggers.
		{
			name: "budgetCheck",
			everyMs: 10_000,
			async pass() {
				const difference = await recheckBudget(db, recheckBudgetS);
				if (!difference) return 0;
				logger.error(difference, "budget.recounted");
				return 1;
			},
		},
	];
}
