import { describe, expect, it } from "vitest";
import {
	isFinal,
	jobStates,
	liveJobStates,
	priorities,
	priorityName,
} from "./job.ts";

describe("isFinal", () => {
	it("is true of exactly the states that are not live", () => {
		expect(jobStates.filter(isFinal)).toEqual([
			"succeeded",
			"failed",
			"cancelled",
			"expired",
		]);
		expect(jobStates.filter((state) => !isFinal(state))).toEqual([
			...liveJobStates,
		]);
	});
});

describe("priorityName", () => {
	it("gives back the name of every stored number", () => {
		const names = Object.values(priorities).map(priorityName);

		expect(names).toEqual(Object.keys(priorities));
	});

	it.each([-1, 3, 0.5])("throws on %s, which no priority has", (number) => {
		expect(() => priorityName(number)).toThrow(String(number));
	});

	it("orders high before normal before low", () => {
		expect(priorities.high).toBeLessThan(priorities.normal);
		expect(priorities.normal).toBeLessThan(priorities.low);
	});
});
