import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { aJob, aSubmission, submissionOf } from "../testing/factories.ts";
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
import { countDeliveries, eventsOf, reread } from "../testing/written.ts";
import { settleSubmission } from "./settle.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

describe("a success that comes after the end", () => {
	it.each([
		["failed", "failed"],
		["failed", "lapsed"],
		["failed", "rejected"],
		["cancelled", "failed"],
		["cancelled", "lapsed"],
		["cancelled", "rejected"],
	] as const)(
		"is surplus for a job that %s by a submission that is %s",
		async (state, submission) => {
			const job = await aJob(store, { state, submission, webhookUrl });

			const late = await settleSubmission(
				store.db,
				aSuccess(submissionOf(job), {
					callback: aReceivedCallback("succeeded"),
				}),
			);

			expect(late).toEqual({
				settled: true,
				ended: false,
				job_id: job.id,
				job_state: state,
				deliveries: 0,
				callback_outcome: "surplus",
				callback_reason: null,
				callback_id: expect.any(BigInt),
			});
			expect(await reread(store, job)).toMatchObject({
				state,
				result: null,
				error: job.error,
				finished_at: job.finished_at,
				charged: "yes",
				cost_points: 120,
				surplus_results: 1,
			});
			expect(await eventsOf(store, job)).toEqual([
				`video.${state} 1`,
				"video.surplus_result 1",
			]);
			expect(await countDeliveries(store)).toBe(1);
			expect(await findViolations(store.db)).toEqual([]);
		},
	);

	it("is surplus for a job that another submission has ended, and the costs add up", async () => {
		const job = await aJob(store, { state: "succeeded", webhookUrl });
		const other = await aSubmission(store, job.id, { state: "lapsed" });
		await store.db.$executeRaw`
			update job set submission_seq = 2, submissions = 2 where id = ${job.id}`;

		const late = await settleSubmission(store.db, aSuccess(other));

		expect(late).toMatchObject({ settled: true, ended: false });
		expect(await reread(store, job)).toMatchObject({
			settled_by: job.submission_id,
			cost_points: 240,
			surplus_results: 1,
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("replaces the price that the same submission had named before, and adds nothing to it", async () => {
		const job = await aJob(store, { state: "rendering" });
		await settleSubmission(
			store.db,
			aFailure(submissionOf(job), {
				output: anOutput({ result_urls: [], cost_points: 7 }),
				charged: "yes",
			}),
		);

		await settleSubmission(store.db, aSuccess(submissionOf(job)));

		expect(await reread(store, job)).toMatchObject({
			state: "failed",
			cost_points: 120,
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("of several submissions is told once for each", async () => {
		const job = await aJob(store, { state: "failed", submission: "lapsed" });
		const other = await aSubmission(store, job.id, { state: "rejected" });
		await store.db.$executeRaw`
			update job set submission_seq = 2, submissions = 2 where id = ${job.id}`;

		await settleSubmission(store.db, aSuccess(submissionOf(job)));
		await settleSubmission(store.db, aSuccess(other));

		expect(await eventsOf(store, job)).toEqual([
			"video.failed 1",
			"video.surplus_result 1",
			"video.surplus_result 2",
		]);
		expect(await findViolations(store.db)).toEqual([]);
	});
});

describe("a success for a submission that the provider had refused", () => {
	it("ends the job that waits in the queue", async () => {
		const job = await aJob(store, { submission: "rejected", webhookUrl });

		const late = await settleSubmission(store.db, aSuccess(submissionOf(job)));

		expect(late).toMatchObject({ ended: true, job_state: "succeeded" });
		expect(await eventsOf(store, job)).toEqual(["video.succeeded 1"]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("ends the job while another submission runs, whose own success is then surplus", async () => {
		const job = await aJob(store, { submission: "rejected", webhookUrl });
		await store.db.$executeRaw`
			update job set state = 'rendering', ready = false, submission_seq = 2, submissions = 1, charged = 'possible'
			where id = ${job.id}`;
		const second = await aSubmission(store, job.id, { state: "accepted" });

		const early = await settleSubmission(store.db, aSuccess(submissionOf(job)));
		const between = await findViolations(store.db);
		const late = await settleSubmission(store.db, aSuccess(second));

		expect(early).toMatchObject({ ended: true, job_state: "succeeded" });
		expect(late).toMatchObject({ settled: true, ended: false });
		expect(await reread(store, job)).toMatchObject({
			settled_by: job.submission_id,
			cost_points: 240,
			surplus_results: 1,
		});
		expect(between).toEqual([]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("still says that it was charged when the other submission fails free of charge", async () => {
		const job = await aJob(store, { submission: "rejected" });
		await store.db.$executeRaw`
			update job set state = 'rendering', ready = false, submission_seq = 2, submissions = 1, charged = 'possible'
			where id = ${job.id}`;
		const second = await aSubmission(store, job.id, { state: "accepted" });
		await settleSubmission(store.db, aSuccess(submissionOf(job)));

		await settleSubmission(store.db, aFailure(second));

		expect(await reread(store, job)).toMatchObject({
			state: "succeeded",
			charged: "yes",
			cost_points: 120,
		});
		expect(await findViolations(store.db)).toEqual([]);
	});
});
