import { describe, expect, it } from "vitest";
import {
	type BudgetExcess,
	decideReset,
	describeExcess,
	remainingPoints,
} from "./budget.ts";

describe("decideReset", () => {
	it.each([
		["day", "2028-02-28T00:00:00Z", "2028-02-29T00:00:00.000Z"],
		["day", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00.000Z"],
		["month", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00.000Z"],
		["month", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00.000Z"],
	] as const)("of a %s that begins at %s is %s", (period, start, reset) => {
		expect(decideReset(period, start)?.toISOString()).toBe(reset);
	});

	it("of a total never comes", () => {
		expect(decideReset("total", "1970-01-01T00:00:00Z")).toBeNull();
	});
});

describe("remainingPoints", () => {
	it.each([
		[100, 30, 20, 50],
		[100, 0, 100, 0],
		[100, 260, 0, 0],
	])(
		"of %i, with %i used and %i reserved, is %i",
		(limit_points, used_points, reserved_points, left) => {
			const budget = { limit_points, used_points, reserved_points };

			expect(remainingPoints(budget)).toBe(left);
		},
	);
});

describe("describeExcess", () => {
	const excess: BudgetExcess = {
		key_id: null,
		period: "day",
		limit_points: 250,
		used_points: 120,
		reserved_points: 80,
		needed_points: 200,
		starts_at: "2026-11-22T00:00:00Z",
	};

	it("says what is needed, what is left, and when there is more", () => {
		expect(describeExcess(excess)).toBe(
			"This job may cost 200 points, and of your daily budget of 250 there are 50 left. It begins anew at 2026-11-23T00:00:00.000Z.",
		);
	});

	it("says so when there will never be more", () => {
		const total = { ...excess, key_id: "key_1", period: "total" as const };

		expect(describeExcess(total)).toContain("this API key's total budget");
		expect(describeExcess(total)).toContain("never begins anew");
	});
});
