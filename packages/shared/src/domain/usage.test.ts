import { describe, expect, it } from "vitest";
import { decideUsageRange } from "./usage.ts";

const now = new Date("2026-11-22T23:30:00Z");
const days = (from: string, until: string) => ({
	from: new Date(from),
	until: new Date(until),
});

describe("decideUsageRange", () => {
	it("is the last thirty days when nothing is said", () => {
		expect(decideUsageRange({}, now)).toEqual(
			days("2026-10-24T00:00Z", "2026-11-23T00:00Z"),
		);
	});

	it("is thirty days up to the last one that is named", () => {
		expect(decideUsageRange({ to: "2026-03-01" }, now)).toEqual(
			days("2026-01-31T00:00Z", "2026-03-02T00:00Z"),
		);
	});

	it("has both ends, and may be one day or a leap year", () => {
		const leap = { from: "2028-01-01", to: "2028-12-31" };

		expect(
			decideUsageRange({ from: "2026-11-22", to: "2026-11-22" }, now),
		).toEqual(days("2026-11-22T00:00Z", "2026-11-23T00:00Z"));
		expect(decideUsageRange(leap, now)).toEqual(
			days("2028-01-01T00:00Z", "2029-01-01T00:00Z"),
		);
	});

	it.each([
		["2026-11-23", undefined],
		["2026-11-22", "2026-11-21"],
		["2025-11-20", "2026-11-22"],
	])("is none from %s to %s", (from, to) => {
		expect(decideUsageRange({ from, to }, now)).toMatchObject({
			parameter: "from",
		});
	});
});
