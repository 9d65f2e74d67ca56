import type { Instant } from "./job-record.ts";

/** How long a budget lasts before it begins anew: a day or a month in UTC, or for ever. */
export const budgetPeriods = ["day", "month", "total"] as const;
export type BudgetPeriod = (typeof budgetPeriods)[number];

/** The most points that a limit may have: what a JSON number still holds exactly, over a thousand times. */
export const maxLimitPoints = 1_000_000_000_000;

/** A budget with its present period, as the store returns it. */
export type BudgetRecord = {
	/** Whose jobs it counts; null is all of the tenant's. */
	key_id: string | null;
	period: BudgetPeriod;
	limit_points: number;
	/** By jobs of the period that have ended. */
	used_points: number;
	/** By jobs of the period that are live. */
	reserved_points: number;
	starts_at: Instant;
	created_at: Instant;
	updated_at: Instant;
};

/** Which budget does not allow a job, as it was when the job was refused. */
export type BudgetExcess = Omit<BudgetRecord, "created_at" | "updated_at"> & {
	/** What the job would have reserved. */
	needed_points: number;
};

type Counted = Pick<
	BudgetRecord,
	"limit_points" | "used_points" | "reserved_points"
>;

/** What may still be reserved; 0 also where jobs cost more than was expected of them. */
export function remainingPoints(budget: Counted): number {
	const { limit_points: limit, used_points: used } = budget;
	return Math.max(0, limit - used - budget.reserved_points);
}

/** When the budget begins anew with nothing used; null is never. */
export function decideReset(
	period: BudgetPeriod,
	startsAt: Instant,
): Date | null {
	const start = new Date(startsAt);
	const [year, month] = [start.getUTCFullYear(), start.getUTCMonth()];
	switch (period) {
		case "day":
			return new Date(Date.UTC(year, month, start.getUTCDate() + 1));
		case "month":
			return new Date(Date.UTC(year, month + 1));
		case "total":
			return null;
	}
}

/** Tells a caller which budget is in the way, and when that ends. */
export function describeExcess(excess: BudgetExcess): string {
	const whose = excess.key_id === null ? "your" : "this API key's";
	const which = { day: "daily", month: "monthly", total: "total" };
	const reset = decideReset(excess.period, excess.starts_at);
	const then =
		reset === null
			? "It never begins anew: raise it, or wait until live jobs cost less than they reserve."
			: `It begins anew at ${reset.toISOString()}.`;
	return `This job may cost ${excess.needed_points} points, and of ${whose} ${which[excess.period]} budget of ${excess.limit_points} there are ${remainingPoints(excess)} left. ${then}`;
}
