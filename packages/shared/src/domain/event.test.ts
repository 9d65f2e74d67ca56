import { describe, expect, it } from "vitest";
import {
	defaultEventFilters,
	eventKinds,
	eventTypes,
	matchesFilter,
	takesAny,
} from "./event.ts";
import { isFinal, jobStates } from "./job.ts";

describe("the catalogue", () => {
	it("holds a final event for every final state, and for the end of a batch", () => {
		const finals = eventTypes.filter((type) => eventKinds[type].isFinal);

		expect(finals).toEqual([
			...jobStates.filter(isFinal).map((state) => `video.${state}`),
			"batch.finished",
		]);
	});

	it("gives an endpoint that names no events all that are final", () => {
		expect(defaultEventFilters).toHaveLength(
			jobStates.filter(isFinal).length + 1,
		);
	});
});

describe("matchesFilter", () => {
	it.each([
		["video.failed", "video.failed", true],
		["video.*", "video.failed", true],
		["*", "webhook.ping", true],
		["video.*", "webhook.ping", false],
		["video.fail*", "video.failed", false],
		["video.", "video.failed", false],
		["video_*", "video.failed", false],
		["videos.*", "video.failed", false],
		["*.failed", "video.failed", false],
	])("%s against %s is %s", (filter, type, matches) => {
		expect(matchesFilter(filter, type)).toBe(matches);
	});

	it("knows the filters that would never take anything", () => {
		const filters = ["video.*", "*", "video.finished", "", "vid.*"];

		expect(filters.filter(takesAny)).toEqual(["video.*", "*"]);
	});
});
