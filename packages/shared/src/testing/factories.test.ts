import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type JobState, jobStates } from "../domain/job.ts";
import type { SubmissionState } from "../domain/submission.ts";
import { findViolations } from "./audit.ts";
import { aJob } from "./factories.ts";
import { openTestStore, type TestStore } from "./store.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

const variants: [JobState, SubmissionState][] = [
	["queued", "rejected"],
	["overdue", "unknown"],
	["failed", "rejected"],
	["failed", "lapsed"],
	["cancelled", "succeeded"],
	["cancelled", "failed"],
	["cancelled", "rejected"],
	["cancelled", "lapsed"],
	["expired", "rejected"],
];

describe("the factories", () => {
	it.each(jobStates)("make a coherent job that is %s", async (state) => {
		const webhookUrl = "https://example.com/hook";

		const job = await aJob(store, { state, webhookUrl });

		expect(job.state).toBe(state);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it.each(variants)(
		"make a coherent job that is %s with a submission that is %s",
		async (state, submission) => {
			const job = await aJob(store, { state, submission });

			expect(job.submission_id).not.toBeNull();
			expect(await findViolations(store.db)).toEqual([]);
		},
	);
});
