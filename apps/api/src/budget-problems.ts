import { presentExcess } from "@reelay/shared/contracts/budget-view";
import { describeExcess } from "@reelay/shared/domain/budget";
import { findBudgetExcess } from "@reelay/shared/store/budgets";
import type { ErrorRequestHandler } from "express";
import { problemFor } from "./problem.ts";

/** A budget that does not allow a job is a 402, wherever the job was to be written: nothing of it is there. */
export const budgetProblems: ErrorRequestHandler = (
	error,
	_req,
	_res,
	next,
) => {
	const excess = findBudgetExcess(error);
	if (excess === null) {
		next(error);
		return;
	}
	next(
		problemFor("budget_exceeded", {
			detail: describeExcess(excess),
			extensions: { budget: presentExcess(excess) },
		}),
	);
};
