import { describe, expect, it } from "vitest";
import {
	defaultStartWithinS,
	defaultTimeoutS,
	leaseRenewalMs,
	leaseS,
	maxStartWithinS,
	maxTimeoutS,
	minTimeoutS,
	overdueGraceS,
	probeIntervalS,
} from "./deadline.ts";

describe("the deadlines", () => {
	it("have defaults that lie within their own bounds", () => {
		expect(defaultTimeoutS).toBeGreaterThanOrEqual(minTimeoutS);
		expect(defaultTimeoutS).toBeLessThanOrEqual(maxTimeoutS);
		expect(defaultStartWithinS).toBeGreaterThanOrEqual(1);
		expect(defaultStartWithinS).toBeLessThanOrEqual(maxStartWithinS);
	});

	it("let a lease outlive three renewals that are missed", () => {
		expect(leaseS * 1000).toBeGreaterThan(3 * leaseRenewalMs);
	});

	it("let a late result be adopted for as long as its URLs live", () => {
		expect(overdueGraceS).toBe(24 * 60 * 60);
		expect(probeIntervalS).toBeGreaterThan(0);
	});
});
