import { z } from "zod";
import {
	type BudgetExcess,
	type BudgetRecord,
	budgetPeriods,
	decideReset,
	maxLimitPoints,
	remainingPoints,
} from "../domain/budget.ts";
import { idSchema, instant } from "./ids.ts";

const points = z.int();

/** Whose budget it is, as a path says it: the tenant's own, or one of a key. */
export const budgetOwnerSchema = z
	.union([z.literal("tenant"), idSchema("key")])
	.meta({
		title: "tenant or key_…",
		description: "tenant for all of your jobs, or the id of an API key.",
	});

/** How long a budget lasts. */
export const budgetPeriodSchema = z.enum(budgetPeriods).meta({
	description: "A day or a month, both in UTC, or total, which never ends.",
});

const counts = {
	key_id: idSchema("key").nullable().meta({
		description: "Whose jobs it counts; null is all of yours.",
	}),
	period: budgetPeriodSchema,
	limit_points: points,
	used_points: points.meta({
		description:
			"By jobs of this period that have ended; it may pass the limit, for what is paid is paid.",
	}),
	reserved_points: points.meta({
		description: "By live jobs of this period, for what they may still cost.",
	}),
	remaining_points: points.meta({ description: "What jobs may reserve now." }),
	period_started_at: instant,
	resets_at: instant.nullable().meta({
		description: "When it begins anew; null is never.",
	}),
};

/** A budget, and how much of it is gone. */
export const budgetViewSchema = z
	.strictObject({
		...counts,
		created_at: instant,
		updated_at: instant,
		links: z.strictObject({ self: z.string() }),
	})
	.meta({ id: "Budget" });
export type BudgetView = z.infer<typeof budgetViewSchema>;

/** The member `budget` of the problem `budget_exceeded`. */
export const budgetExcessSchema = z
	.strictObject({
		...counts,
		needed_points: points.meta({
			description: "What the job would have reserved.",
		}),
	})
	.meta({ id: "BudgetExcess" });

/** What a budget is set to. */
export const setBudgetSchema = z.strictObject({
	limit_points: points.min(0).max(maxLimitPoints).meta({
		description: "The most that jobs of one period may cost; 0 allows none.",
	}),
});

/** A budget as the API shows it. */
export function presentBudget(budget: BudgetRecord): BudgetView {
	const owner = budget.key_id ?? "tenant";
	return {
		...presentCounts(budget),
		created_at: new Date(budget.created_at).toISOString(),
		updated_at: new Date(budget.updated_at).toISOString(),
		links: { self: `/v1/budgets/${owner}/${budget.period}` },
	};
}

/** A budget that refused a job. */
export function presentExcess(
	excess: BudgetExcess,
): z.infer<typeof budgetExcessSchema> {
	return { ...presentCounts(excess), needed_points: excess.needed_points };
}

function presentCounts(
	budget: Omit<BudgetRecord, "created_at" | "updated_at">,
) {
	const { key_id, period, limit_points, used_points, reserved_points } = budget;
	return {
		key_id,
		period,
		limit_points,
		used_points,
		reserved_points,
		remaining_points: remainingPoints(budget),
		period_started_at: new Date(budget.starts_at).toISOString(),
		resets_at: decideReset(period, budget.starts_at)?.toISOString() ?? null,
	};
}
