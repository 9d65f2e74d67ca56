import type { Budget, Operations, Usage } from "../generated/api.ts";
import type { RequestOptions, Transport } from "../transport/transport.ts";

/** Whose jobs a budget counts, `tenant` or the id of a key, and in which period. */
export type BudgetName = Operations["getBudget"]["path"];
export type UsageQuery = Operations["getUsage"]["query"];

/** What `reelay.budgets` can do. */
export type Budgets = ReturnType<typeof createBudgets>;

/** The routes of /v1/budgets. They need a key with the scope `admin`. */
export function createBudgets(transport: Transport) {
	return {
		/** Every budget, with what is left of it. */
		async list(options?: RequestOptions): Promise<Budget[]> {
			return (await transport.call("listBudgets", {}, options)).body.data;
		},

		/** One budget, with what is left of it. */
		async get(path: BudgetName, options?: RequestOptions): Promise<Budget> {
			return (await transport.call("getBudget", { path }, options)).body;
		},

		/** Makes the budget, or gives the one that there is another limit. */
		async set(
			path: BudgetName,
			limitPoints: number,
			options?: RequestOptions,
		): Promise<Budget> {
			const input = { path, body: { limit_points: limitPoints } };
			return (await transport.call("setBudget", input, options)).body;
		},

		/** Ends the budget: what it counted is forgotten. */
		async delete(path: BudgetName, options?: RequestOptions): Promise<void> {
			await transport.call("deleteBudget", { path }, options);
		},
	};
}

/** Reads what jobs have cost, grouped as you ask for. */
export function createUsage(transport: Transport) {
	return async (query: UsageQuery, options?: RequestOptions): Promise<Usage> =>
		(await transport.call("getUsage", { query }, options)).body;
}
