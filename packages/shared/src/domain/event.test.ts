import { describe, expect, it } from "vitest";
import { eventTypes } from "./event.ts";
import { isFinal, jobStates } from "./job.ts";

describe("eventTypes", () => {
	it("hold one for every final state, and none for a live one", () => {
		const told = jobStates.filter((state) =>
			(eventTypes as readonly string[]).includes(`video.${state}`),
		);

		expect(told).toEqual(jobStates.filter(isFinal));
	});
});
