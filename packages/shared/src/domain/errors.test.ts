import { describe, expect, it } from "vitest";
import { problems } from "./errors.ts";

const all = Object.entries(problems);

describe("the problems", () => {
	it.each(all)(
		"%s has a status of an error, a title and a code in snake case",
		(code, problem) => {
			expect(problem.status).toBeGreaterThanOrEqual(400);
			expect(problem.status).toBeLessThan(600);
			expect(problem.title).toMatch(/^[A-Z].*[^.]$/);
			expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
		},
	);

	it("say that the same request may succeed later exactly when the fault is ours or there are too many", () => {
		const retryable = all.filter(([, problem]) => problem.retryable);
		const passing = all.filter(
			([, { status }]) => status >= 500 || status === 429,
		);

		expect(retryable).toEqual(passing);
	});

	it("can be told apart by their titles", () => {
		const titles = new Set(all.map(([, problem]) => problem.title));

		expect(titles.size).toBe(all.length);
	});
});
