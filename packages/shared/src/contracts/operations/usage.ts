import { exampleIds } from "../ids.ts";
import { usageQuerySchema, usageViewSchema } from "../usage-view.ts";
import type { Operation } from "./operation.ts";

const counts = {
	jobs: 12,
	submissions: 13,
	video_seconds: 55,
	spent_points: 770,
	possible_points: 70,
	reserved_points: 0,
};

const getUsage: Operation = {
	id: "getUsage",
	method: "get",
	route: "/v1/usage",
	tag: "Money",
	summary: "See what jobs have cost",
	description:
		"By the UTC day on which jobs were created. spent, possible and reserved points together are what budgets count. Over a long history it may take seconds; ask for fewer days then.",
	scope: "jobs:read",
	query: usageQuerySchema,
	answers: [
		{ status: 200, description: "The usage.", schema: usageViewSchema },
	],
	examples: [
		{
			summary: "The last thirty days, in all",
			status: 200,
			answer: {
				from: "2025-12-03",
				to: "2026-01-01",
				group_by: [],
				data: [],
				total: counts,
			},
		},
		{
			summary: "Two days, by day and by key",
			query: { from: "2026-01-01", to: "2026-01-02", group_by: "day,key" },
			status: 200,
			answer: {
				from: "2026-01-01",
				to: "2026-01-02",
				group_by: ["day", "key"],
				data: [{ day: "2026-01-01", key_id: exampleIds.key, ...counts }],
				total: counts,
			},
		},
	],
};

/** The operation of /v1/usage. */
export const usageOperations: readonly Operation[] = [getUsage];
