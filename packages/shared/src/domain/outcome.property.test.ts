import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classify, success } from "../testing/classified.ts";

describe("every end", () => {
	const body = fc.oneof(
		fc.anything(),
		fc.constantFrom<unknown>(success, undefined, { code: 429 }, { code: 500 }),
		fc.record({ task_id: fc.string(), state: fc.string() }),
	);

	it("has an outcome, for every status from 100 to 599 and any body", () => {
		const status = fc.integer({ min: 100, max: 599 });
		fc.assert(
			fc.property(status, body, fc.string(), (code, said, text) => {
				const outcome = classify(code, { body: said, text, retryAfter: text });

				expect(outcome.kind).not.toBe("unsent");
				if (code < 200 || code >= 300) {
					expect(["succeeded", "accepted", "failed"]).not.toContain(
						outcome.kind,
					);
				}
			}),
			{ numRuns: 2_000 },
		);
	});

	it("sends a job again for 401, 402, 429, 500, 502 and 503 alone", () => {
		const again: number[] = [];
		for (let status = 100; status <= 599; status += 1) {
			const { kind } = classify(status);
			const isAgain = ["rate_limited", "closed", "provider_error"].includes(
				kind,
			);
			if (isAgain) again.push(status);
		}

		expect(again).toEqual([401, 402, 429, 500, 502, 503]);
	});

	it("sends no job again whose task is named and has not failed", () => {
		const statuses = [200, 400, 401, 402, 422, 429, 500, 502, 503, 504];
		const codes = [undefined, 200, 401, 402, 422, 429, 500, 503, 504];
		const live = ["running", "success", "queued"];
		for (const status of statuses) {
			for (const code of codes) {
				for (const state of [...live, "", "odd", undefined]) {
					const data = { taskId: "t1", state };
					const { kind } = classify(status, { body: { code, data } });
					const isLive = live.includes(state ?? "");
					const allowed = isLive ? [] : ["failed", "refused"];

					expect(["accepted", "unknown", ...allowed]).toContain(kind);
				}
			}
		}
	});
});
