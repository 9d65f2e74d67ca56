import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
	decideDeliveryDelayMs,
	decideRequeueDelayMs,
	deliveryScheduleMs,
	parseRetryAfter,
} from "./retry.ts";

const now = new Date("2026-03-23T12:00:00Z");
const dayMs = 24 * 60 * 60 * 1000;
const unit = fc.double({ min: 0, max: 1, noNaN: true });

describe("decideRequeueDelayMs", () => {
	it.each([
		[1, 0, 1_000],
		[1, 1, 2_000],
		[2, 1, 4_000],
		[3, 0.5, 6_000],
		[8, 1, 256_000],
		[9, 1, 300_000],
		[5_000, 1, 300_000],
		[5_000, 0, 150_000],
	])(
		"waits before attempt %i with luck %f: %i ms",
		(attempt, random, delay) => {
			expect(decideRequeueDelayMs({ attempt, random })).toBe(delay);
		},
	);

	it("always waits a second to five minutes, and never less for a later attempt", () => {
		fc.assert(
			fc.property(fc.integer({ min: 1 }), unit, (attempt, random) => {
				const delay = decideRequeueDelayMs({ attempt, random });
				const next = decideRequeueDelayMs({ attempt: attempt + 1, random });

				expect(delay).toBeGreaterThanOrEqual(1_000);
				expect(delay).toBeLessThanOrEqual(300_000);
				expect(next).toBeGreaterThanOrEqual(delay);
			}),
		);
	});
});

describe("parseRetryAfter", () => {
	it.each([
		["0", 0],
		["5", 5_000],
		[" 120 ", 120_000],
		["1.5", 1_500],
		["Mon, 23 Mar 2026 12:00:30 GMT", 30_000],
		["Monday, 23-Mar-26 12:00:30 GMT", 30_000],
		["Mon Mar 23 12:00:30 2026", 30_000],
		["Mon, 23 Mar 2026 11:00:00 GMT", 0],
		["Sun, 06 Nov 1994 08:49:37 GMT", 0],
		["Mon, 23 Mar 2099 12:00:00 GMT", dayMs],
		["9".repeat(400), dayMs],
	])("reads %j", (header, delay) => {
		expect(parseRetryAfter(header, now)).toBe(delay);
	});

	it("reads a date without a zone as UTC wherever this machine is", () => {
		vi.stubEnv("TZ", "Asia/Tokyo");

		const delay = parseRetryAfter("Mon Mar 23 12:00:30 2026", now);

		vi.unstubAllEnvs();
		expect(delay).toBe(30_000);
	});

	it.each([
		null,
		"",
		"-5",
		"soon",
		"5s",
		"1e3",
		"NaN",
		"2026-03-23T12:00:30Z",
		"Mon, 99 Xyz 2026 12:00:30 GMT",
	])("finds no wait in %j", (header) => {
		expect(parseRetryAfter(header, now)).toBeNull();
	});

	it("asks for a whole number of milliseconds of at most a day, or nothing", () => {
		fc.assert(
			fc.property(fc.string(), (header) => {
				const delay = parseRetryAfter(header, now) ?? 0;

				expect(Number.isInteger(delay)).toBe(true);
				expect(delay).toBeGreaterThanOrEqual(0);
				expect(delay).toBeLessThanOrEqual(dayMs);
			}),
		);
	});
});

describe("decideDeliveryDelayMs", () => {
	it("follows the published schedule", () => {
		const seconds = deliveryScheduleMs.map((delay) => delay / 1000);

		expect(seconds).toEqual([
			0, 5, 30, 120, 600, 1800, 7200, 18000, 36000, 50400, 72000, 86400,
		]);
	});

	it.each([
		[1, 0.5, null, 5_000],
		[1, 0, null, 4_000],
		[1, 1, null, 6_000],
		[2, 0.5, null, 30_000],
		[11, 0.5, null, dayMs],
		[11, 1, null, 1.2 * dayMs],
		[1, 0.5, 60_000, 60_000],
		[1, 0.5, 1_000, 5_000],
		[1, 0.5, 90 * dayMs, dayMs],
		[11, 1, 90 * dayMs, 1.2 * dayMs],
		[12, 0.5, null, null],
		[12, 0.5, 60_000, null],
		[400, 0.5, null, null],
	])(
		"after attempt %i with luck %f and Retry-After %j waits %j ms",
		(attempt, random, retryAfterMs, delay) => {
			expect(decideDeliveryDelayMs({ attempt, random, retryAfterMs })).toBe(
				delay,
			);
		},
	);

	it("stays within a fifth of the schedule without a Retry-After", () => {
		const attempts = fc.integer({ min: 1, max: 11 });
		fc.assert(
			fc.property(attempts, unit, (attempt, random) => {
				const base = deliveryScheduleMs[attempt] ?? 0;
				const delay = decideDeliveryDelayMs({
					attempt,
					random,
					retryAfterMs: null,
				});

				expect(delay).toBeGreaterThanOrEqual(base * 0.8);
				expect(delay).toBeLessThanOrEqual(base * 1.2);
			}),
		);
	});
});
