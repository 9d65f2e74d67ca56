import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { aJob, submissionOf } from "../testing/factories.ts";
import {
	aFailure,
	anOutput,
	aReceivedCallback,
	aSuccess,
} from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import {
	callbackOutcomes,
	countDeliveries,
	eventsOf,
	reread,
} from "../testing/written.ts";
import { findGovernorStatus } from "./governor.ts";
import { settleSubmission } from "./settle.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

describe("a success", () => {
	it.each(["submitting", "rendering", "unknown", "overdue"] as const)(
		"ends a job that is %s, with its result, its cost, an event and a delivery",
		async (state) => {
			const job = await aJob(store, { state, webhookUrl });
			const bystander = await aJob(store, { state, webhookUrl });

			const settled = await settleSubmission(
				store.db,
				aSuccess(submissionOf(job), { httpStatus: 200 }),
			);

			expect(settled).toEqual({
				settled: true,
				ended: true,
				job_id: job.id,
				job_state: "succeeded",
				deliveries: 1,
				callback_id: null,
				callback_outcome: null,
				callback_reason: null,
			});
			expect(await reread(store, job)).toMatchObject({
				state: "succeeded",
				result: { result_urls: anOutput().result_urls },
				charged: "yes",
				cost_points: 120,
				settled_by: job.submission_id,
			});
			expect(await reread(store, bystander)).toMatchObject({
				state,
				result: null,
			});
			expect(await eventsOf(store, job)).toEqual(["video.succeeded 1"]);
			expect(await findViolations(store.db)).toEqual([]);
		},
	);

	it("frees the slot of its submission and no other", async () => {
		const job = await aJob(store, { state: "rendering" });
		await aJob(store, { state: "rendering" });
		const before = await findGovernorStatus(store.db);

		await settleSubmission(store.db, aSuccess(submissionOf(job)));
		const after = await findGovernorStatus(store.db);

		expect((after?.free_slots ?? 0) - (before?.free_slots ?? 0)).toBe(1);
	});

	it.each([
		["answer", "callback"],
		["callback", "answer"],
	] as const)(
		"is taken once when the %s comes before the %s",
		async (first, _second) => {
			const job = await aJob(store, { state: "submitting", webhookUrl });
			const answer = aSuccess(submissionOf(job), { httpStatus: 200 });
			const callback = aSuccess(submissionOf(job), {
				callback: aReceivedCallback("succeeded"),
			});
			const order =
				first === "answer" ? [answer, callback] : [callback, answer];

			const results = [];
			for (const report of order) {
				results.push(await settleSubmission(store.db, report));
			}

			expect(results.map(({ settled }) => settled)).toEqual([true, false]);
			expect(
				(await callbackOutcomes(store)).map(({ outcome }) => outcome),
			).toEqual([first === "answer" ? "ignored" : "settled"]);
			expect(await eventsOf(store, job)).toEqual(["video.succeeded 1"]);
			expect(await countDeliveries(store)).toBe(1);
			expect(await findViolations(store.db)).toEqual([]);
		},
	);

	it("keeps the result and the cost of a job whose cancel was asked for, and ends it as cancelled", async () => {
		const job = await aJob(store, {
			state: "rendering",
			cancelRequested: true,
			webhookUrl,
		});

		const settled = await settleSubmission(
			store.db,
			aSuccess(submissionOf(job)),
		);

		expect(settled).toMatchObject({ ended: true, job_state: "cancelled" });
		expect(await reread(store, job)).toMatchObject({
			state: "cancelled",
			result: { result_urls: anOutput().result_urls },
			error: null,
			charged: "yes",
			cost_points: 120,
		});
		expect(await eventsOf(store, job)).toEqual(["video.cancelled 1"]);
		expect(await findViolations(store.db)).toEqual([]);
	});
});

describe("a failure", () => {
	it("ends the job with the provider's error and tells what it cost", async () => {
		const job = await aJob(store, { state: "rendering", webhookUrl });

		await settleSubmission(
			store.db,
			aFailure(submissionOf(job), {
				output: anOutput({ result_urls: [], cost_points: 7 }),
				charged: "yes",
			}),
		);

		expect(await reread(store, job)).toMatchObject({
			state: "failed",
			error: { code: "provider_failed" },
			result: null,
			charged: "yes",
			cost_points: 7,
		});
		expect(await eventsOf(store, job)).toEqual(["video.failed 1"]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("ends a job whose cancel was asked for as cancelled, without an error", async () => {
		const job = await aJob(store, { state: "unknown", cancelRequested: true });

		await settleSubmission(store.db, aFailure(submissionOf(job)));

		expect(await reread(store, job)).toMatchObject({
			state: "cancelled",
			error: null,
			charged: "no",
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("changes nothing after a success", async () => {
		const job = await aJob(store, { state: "rendering", webhookUrl });
		await settleSubmission(store.db, aSuccess(submissionOf(job)));
		const before = await reread(store, job);

		const late = await settleSubmission(
			store.db,
			aFailure(submissionOf(job), { callback: aReceivedCallback("failed") }),
		);

		expect(late).toMatchObject({ settled: false, callback_outcome: "ignored" });
		expect(await reread(store, job)).toEqual(before);
		expect(await callbackOutcomes(store)).toEqual([
			{
				outcome: "ignored",
				reason: "the submission had ended before: succeeded",
			},
		]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it.each(["rejected", "lapsed"] as const)(
		"of a submission that is %s changes nothing",
		async (submission) => {
			const job = await aJob(store, { state: "failed", submission });

			const late = await settleSubmission(
				store.db,
				aFailure(submissionOf(job), { callback: aReceivedCallback("failed") }),
			);

			expect(late).toMatchObject({
				settled: false,
				callback_outcome: "ignored",
			});
			expect((await reread(store, job))?.state).toBe("failed");
		},
	);
});
