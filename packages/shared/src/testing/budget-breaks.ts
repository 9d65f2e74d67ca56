/** Changes of budgets, and of what a job reserves, that the database refuses: the rule, the table, and what is set. */
export const budgetBreaks: readonly [
	constraint: string,
	table: "budget" | "job",
	change: string,
][] = [
	["budget_period_known", "budget", "period = 'week'"],
	["budget_limit_range", "budget", "limit_points = -1"],
	["job_estimate_range", "job", "estimate_points = -1"],
];
