import { describe, expect, it } from "vitest";
import {
	completion,
	type Pace,
	queuePosition,
	secondsUntilSubmitted,
} from "./outlook.ts";

const crowd = (tenant_id: string, count: number, more = {}) => ({
	tenant_id,
	count,
	priority: 1,
	weight: 1,
	...more,
});
const job = (ahead: number) => ({ priority: 1, tenantId: "own", ahead });

describe("the position in the queue", () => {
	it("is 1 for a job that is alone", () => {
		expect(queuePosition(job(0), [crowd("own", 1)])).toBe(1);
	});

	it("counts every job of a higher class, and none of a lower", () => {
		const crowds = [
			crowd("own", 1),
			crowd("own", 7, { priority: 0 }),
			crowd("other", 5, { priority: 0 }),
			crowd("other", 9, { priority: 2 }),
		];

		expect(queuePosition(job(0), crowds)).toBe(13);
	});

	it("gives the others as many turns as this tenant has had, and no more than they have jobs", () => {
		const crowds = [crowd("own", 10), crowd("long", 900), crowd("short", 2)];

		expect(queuePosition(job(9), crowds)).toBe(10 + 10 + 2);
	});

	it("gives turns by weight", () => {
		const crowds = [
			crowd("own", 10, { weight: 2 }),
			crowd("heavy", 900, { weight: 4 }),
		];

		expect(queuePosition(job(9), crowds)).toBe(10 + 20);
	});
});

describe("the time until a submission", () => {
	const pace: Pace = {
		perSecond: 2,
		concurrency: 100,
		freeSlots: 100,
		isOpen: true,
	};
	const times = { p50: 100, p90: 200 };

	it("goes by the rate while slots are free", () => {
		expect(secondsUntilSubmitted(10, pace, null)).toBe(5);
	});

	it("goes by the renders that end once all slots are taken", () => {
		// 100 slots of 100 s give one a second.
		expect(secondsUntilSubmitted(30, { ...pace, freeSlots: 10 }, times)).toBe(
			10 / 2 + 20 / 1,
		);
	});

	it("is not known where the provider is closed, or nothing is known of renders", () => {
		const full = { ...pace, freeSlots: 0 };

		expect(
			secondsUntilSubmitted(1, { ...pace, isOpen: false }, times),
		).toBeNull();
		expect(secondsUntilSubmitted(1, full, null)).toBeNull();
	});
});

describe("the completion", () => {
	it("is told until it has passed", () => {
		const submitted = new Date(0);
		const times = { p50: 100, p90: 200 };

		expect(completion(submitted, times, new Date(99_000))).toEqual({
			likelyAt: new Date(100_000),
			latestAt: new Date(200_000),
		});
		expect(completion(submitted, times, new Date(101_000))).toEqual({
			likelyAt: null,
			latestAt: new Date(200_000),
		});
	});
});
