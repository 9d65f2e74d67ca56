import {
	budgetOwnerSchema,
	budgetPeriodSchema,
	budgetViewSchema,
	setBudgetSchema,
} from "../budget-view.ts";
import { exampleIds } from "../ids.ts";
import { listOf } from "../page.ts";
import { exampleBudget } from "../samples.ts";
import type { Operation } from "./operation.ts";

const tag = "Money";
const scope = "admin";
const route = "/v1/budgets/{owner}/{period}";
const path = { owner: budgetOwnerSchema, period: budgetPeriodSchema };
const ofKey = { owner: exampleIds.key, period: "day" };
const ofTenant = { owner: "tenant", period: "month" };

const listBudgets: Operation = {
	id: "listBudgets",
	method: "get",
	route: "/v1/budgets",
	tag,
	summary: "List the budgets, and what is left of each",
	scope,
	answers: [
		{
			status: 200,
			description: "Your own budgets, and behind them those of your keys.",
			schema: listOf(budgetViewSchema).meta({ id: "BudgetList" }),
		},
	],
	examples: [
		{
			summary: "One of a key",
			status: 200,
			answer: { data: [exampleBudget(exampleIds.key, "day")] },
		},
	],
};

const getBudget: Operation = {
	id: "getBudget",
	method: "get",
	route,
	tag,
	summary: "See what is left of a budget",
	scope,
	path,
	answers: [
		{ status: 200, description: "The budget.", schema: budgetViewSchema },
	],
	examples: [
		{
			summary: "What a key may spend today",
			path: ofKey,
			status: 200,
			answer: exampleBudget(exampleIds.key, "day"),
		},
	],
};

const setBudget: Operation = {
	id: "setBudget",
	method: "put",
	route,
	tag,
	summary: "Set a budget",
	description:
		"Makes it, or changes its limit. It counts from the jobs of its present period on. A job that may cost more than is left of any of its budgets is refused with budget_exceeded; jobs that were accepted before go on.",
	scope,
	path,
	body: { schema: setBudgetSchema, isRequired: true },
	answers: [
		{ status: 200, description: "The budget.", schema: budgetViewSchema },
	],
	examples: [
		{
			summary: "2,000 points a day for a key",
			path: ofKey,
			body: { limit_points: 2_000 },
			status: 200,
			answer: exampleBudget(exampleIds.key, "day"),
		},
		{
			summary: "2,000 points a month for everything",
			path: ofTenant,
			body: { limit_points: 2_000 },
			status: 200,
			answer: exampleBudget(null, "month"),
		},
	],
};

const deleteBudget: Operation = {
	id: "deleteBudget",
	method: "delete",
	route,
	tag,
	summary: "End a budget",
	description: "It refuses nothing any more, and forgets what it has counted.",
	scope,
	path,
	answers: [{ status: 204, description: "There is none any more." }],
	examples: [{ summary: "A key's", path: ofKey, status: 204 }],
};

/** The operations of /v1/budgets. */
export const budgetOperations: readonly Operation[] = [
	listBudgets,
	getBudget,
	setBudget,
	deleteBudget,
];
