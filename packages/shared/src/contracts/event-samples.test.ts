import { expect, it } from "vitest";
import { eventTypes } from "../domain/event.ts";
import { isFinal, type JobState } from "../domain/job.ts";
import { sampleData } from "./event-samples.ts";

it.each(eventTypes.filter((type) => type.startsWith("video.")))(
	"gives for %s a job that could be, and that says it is a sample",
	(type) => {
		const job = sampleData(type, "ep_1");

		const state = job.state as JobState;
		expect(job.metadata).toEqual({ sample: "true" });
		expect(job.result !== null).toBe(state === "succeeded");
		expect(job.error !== null).toBe(state === "failed" || state === "expired");
		expect(job.finished_at !== null).toBe(isFinal(state));
		expect(type === "video.surplus_result" || type.endsWith(state)).toBe(true);
	},
);

it("names the endpoint in a ping", () => {
	expect(sampleData("webhook.ping", "ep_1")).toMatchObject({
		endpoint_id: "ep_1",
	});
});
