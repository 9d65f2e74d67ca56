import { describe, expect, it } from "vitest";
import { createRateLimit } from "./rate-limit.ts";

function aLimit(limit: number) {
	const clock = { at: 0, now: () => clock.at };
	return { clock, ...createRateLimit({ limit, windowMs: 1_000, clock }) };
}

describe("a rate limit", () => {
	it("lets so many pass in a window, tells the first beyond, and begins anew with the next", () => {
		const { count, clock } = aLimit(2);

		const first = [1, 2, 3, 4].map(() => count("a"));
		clock.at = 999;
		const before = count("a");
		clock.at = 1_000;
		const after = count("a");

		expect(first).toEqual(["within", "within", "first_beyond", "beyond"]);
		expect([before, after]).toEqual(["beyond", "within"]);
	});

	it("says how much is left, and until when", () => {
		const { count, left, clock } = aLimit(2);
		count("a");
		clock.at = 400;

		expect(left("a")).toEqual({ remaining: 1, resetMs: 600 });
		expect(left("b")).toEqual({ remaining: 2, resetMs: 600 });
		for (let n = 0; n < 3; n += 1) count("a");
		expect(left("a").remaining).toBe(0);
	});

	it("counts each key for itself", () => {
		const { count } = aLimit(1);

		expect([count("a"), count("b"), count("a")]).toEqual([
			"within",
			"within",
			"first_beyond",
		]);
	});

	it("forgets the eldest key instead of growing without end", () => {
		const { count } = aLimit(1);
		count("eldest");
		for (let n = 1; n < 10_000; n += 1) count(`key-${n}`);

		const known = count("eldest");
		count("one more");
		const forgotten = count("eldest");

		expect([known, forgotten]).toEqual(["first_beyond", "within"]);
	});
});
