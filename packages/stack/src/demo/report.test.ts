import type { JobView } from "@reelay/shared/contracts/job-view";
import { expect, it } from "vitest";
import { isAllRight, renderReport } from "./report.ts";
import type { Outcome } from "./run-demo.ts";

const at = (ms: number) => new Date(ms).toISOString();

function anOutcome(changes: Partial<Outcome> = {}): Outcome {
	return {
		planned: { name: "text", input: { duration: "5", mode: "pro" } },
		job: {
			state: "succeeded",
			cost: { points: 1_070, charged: "yes" },
			result: { urls: ["http://127.0.0.1/1.mp4"] },
		} as JobView,
		timeline: [
			{ id: "1", type: "accepted", at: at(50_000), data: null },
			{ id: "2", type: "submitting", at: at(50_100), data: null },
			{ id: "3", type: "succeeded", at: at(52_300), data: null },
		],
		problems: { webhook: [], rest: [] },
		...changes,
	};
}

const wide = { width: null, elapsedMs: 3_456 };
const forged = { webhook: ["A webhook could not be verified."], rest: [] };
const refused = { webhook: [], rest: ["The prompt is missing."] };

it("shows each job with its states, cost, webhook and result, and the sum", () => {
	const report = renderReport([anOutcome(), anOutcome()], wide);

	expect(report).toContain(
		"text  pro 5 s  queued 0.0 s → submitting 0.1 s → succeeded 2.3 s  1070 points  verified  http://127.0.0.1/1.mp4",
	);
	expect(report).toContain(
		"2 jobs, 2 verified webhooks, 2,140 points in 3.5 s.",
	);
});

it("shows why a job is not right", () => {
	const outcomes = [
		anOutcome({ problems: forged }),
		anOutcome({ job: null, timeline: [], problems: refused }),
	];

	const report = renderReport(outcomes, wide);

	expect(report).toContain("  ✗ A webhook could not be verified.");
	expect(report).toContain("  ✗ The prompt is missing.");
	expect(report).toContain("2 jobs, 0 verified webhooks, 1,070 points, 2 NOT");
});

it("is all right only if there are jobs and nothing is wrong with any", () => {
	expect(isAllRight([anOutcome(), anOutcome()])).toBe(true);
	expect(isAllRight([])).toBe(false);
	expect(isAllRight([anOutcome(), anOutcome({ problems: forged })])).toBe(
		false,
	);
	expect(isAllRight([anOutcome({ problems: refused })])).toBe(false);
	expect(isAllRight([anOutcome({ job: null })])).toBe(false);
});
