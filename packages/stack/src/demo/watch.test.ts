import { expect, it } from "vitest";
import type { Arrival } from "./receiver.ts";
import { advanceRow, newRow } from "./watch.ts";

const row = newRow({ name: "text", id: "job_1" });

function arrivalOf(state: string): Arrival {
	return {
		path: "/jobs/1",
		atMs: 2_300,
		eventId: "evt_1",
		refusal: null,
		event: { type: `video.${state}`, data: { state } },
	};
}

it("notes each state once, when it was first seen", () => {
	const looks = ["queued", "submitting", "submitting"].map((state, n) => ({
		...{ state, arrival: undefined },
		elapsedMs: n * 250,
	}));

	const seen = looks.reduce(advanceRow, row);

	expect(seen).toMatchObject({ isDone: false, hasFailed: false });
	expect(seen.steps).toEqual([
		{ state: "queued", atMs: 0 },
		{ state: "submitting", atMs: 250 },
	]);
});

it("is done with a verified webhook, which is newer than the list", () => {
	const arrival = arrivalOf("succeeded");

	const seen = advanceRow(row, { state: "queued", arrival, elapsedMs: 2_500 });

	expect(seen).toMatchObject({ isDone: true, hasFailed: false });
	expect(seen.steps.slice(1)).toEqual([
		{ state: "succeeded", atMs: 2_300 },
		{ state: "webhook", atMs: 2_300 },
	]);
});

it("has failed with a webhook that cannot be verified or tells of a failure", () => {
	const forged = { ...arrivalOf("succeeded"), refusal: "No", event: null };
	const state = "succeeded";

	const looks = [forged, arrivalOf("failed")].map((arrival) =>
		advanceRow(row, { state, arrival, elapsedMs: 2_500 }),
	);

	for (const seen of looks) {
		expect(seen).toMatchObject({ isDone: false, hasFailed: true });
	}
});

it("changes nothing any more once a job is over", () => {
	const refused = newRow({ name: "text", id: null });
	const arrival = arrivalOf("succeeded");

	const seen = advanceRow(refused, { state: "x", arrival, elapsedMs: 1 });

	expect(seen).toBe(refused);
});

it("keeps the last state of a job that is not on the list", () => {
	const seen = advanceRow(row, {
		...{ state: undefined, arrival: undefined },
		elapsedMs: 250,
	});

	expect(seen).toEqual(row);
});
