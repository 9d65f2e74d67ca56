import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRate, RateWindow, rateSchema } from "./rate-window.ts";

describe("RateWindow", () => {
	it("remembers the fullest window, however it lies", () => {
		const window = new RateWindow();

		for (const at of [0, 9, 10, 11, 12, 40]) window.record(at, 10);

		expect(window.most).toBe(4);
		expect(window.count(40, 10)).toBe(1);
	});

	it("says how long the next event has to wait", () => {
		const window = new RateWindow();
		window.record(100, 1000);
		window.record(400, 1000);

		expect(window.waitMs(600, { limit: 3, windowMs: 1000 })).toBe(0);
		expect(window.waitMs(600, { limit: 2, windowMs: 1000 })).toBe(500);
		expect(window.waitMs(1100, { limit: 2, windowMs: 1000 })).toBe(0);
	});

	it("agrees with counting every window by hand", () => {
		const gaps = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 });

		fc.assert(
			fc.property(gaps, fc.integer({ min: 1, max: 30 }), (steps, length) => {
				let now = 0;
				const times = steps.map((step) => {
					now += step;
					return now;
				});
				const window = new RateWindow();
				for (const time of times) window.record(time, length);
				const counts = times.map(
					(end) => times.filter((t) => t > end - length && t <= end).length,
				);

				return window.most === Math.max(0, ...counts);
			}),
		);
	});
});

describe("a rate", () => {
	it("is requests per seconds, or off", () => {
		expect(parseRate("20/10")).toEqual({ limit: 20, windowMs: 10_000 });
		expect(parseRate("5/0.5")).toEqual({ limit: 5, windowMs: 500 });
		expect(parseRate("off")).toBeNull();
	});

	it.each(["", "20", "0/10", "20/0", "20/0.0", "fast", "-1/10"])(
		"is not %j",
		(text) => {
			expect(rateSchema.safeParse(text).success).toBe(false);
		},
	);
});
