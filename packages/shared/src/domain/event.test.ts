import { describe, expect, it } from "vitest";
import { eventTypes, finalEventType } from "./event.ts";
import { isFinal, jobStates } from "./job.ts";

describe("finalEventType", () => {
	it("names an event of its own for every final state", () => {
		const types = jobStates.filter(isFinal).map(finalEventType);

		expect(types).toEqual([
			"video.succeeded",
			"video.failed",
			"video.cancelled",
			"video.expired",
		]);
		expect(eventTypes).toEqual(expect.arrayContaining(types));
	});

	it.each(jobStates.filter((state) => !isFinal(state)))(
		"throws on %s, which ends nothing",
		(state) => {
			expect(() => finalEventType(state)).toThrow(state);
		},
	);
});
