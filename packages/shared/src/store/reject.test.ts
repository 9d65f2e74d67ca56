import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import {
	aJob,
	aSubmission,
	submissionOf,
	type TestJob,
} from "../testing/factories.ts";
import { anError, aSuccess } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { reread } from "../testing/written.ts";

import { settleSubmission } from "./settle.ts";
import { type Rejection, rejectSubmission } from "./submissions.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const rejected = (
	job: TestJob,
	overrides: Partial<Rejection> = {},
): Rejection => ({
	submissionId: submissionOf(job),
	httpStatus: 429,
	reason: "the provider's rate limit",
	delayMs: 5_000,
	returnsBudget: true,
	exhausted: anError("provider_error"),
	...overrides,
});

describe("rejectSubmission", () => {
	it("sends the job back to the queue, gives back its budget and its slot, and charges nothing", async () => {
		const job = await aJob(store, { state: "submitting", webhookUrl });
		const bystander = await aJob(store, { state: "submitting" });

		const result = await rejectSubmission(store.db, rejected(job));

		expect(result).toEqual({
			rejected: true,
			job_state: "queued",
			deliveries: 0,
		});
		expect(await reread(store, job)).toMatchObject({
			state: "queued",
			submissions: 0,
			charged: "no",
			error: null,
			settled_by: null,
		});
		const rows = await store.db.$queryRaw`
			select not_before - updated_at = interval '5 s' as waits, hinted_at from job where id = ${job.id}`;
		expect(rows).toEqual([{ waits: true, hinted_at: null }]);
		expect((await reread(store, bystander))?.state).toBe("submitting");
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("keeps the budget spent when the try counts", async () => {
		const job = await aJob(store, { state: "submitting", maxSubmissions: 2 });

		const result = await rejectSubmission(
			store.db,
			rejected(job, { returnsBudget: false, httpStatus: 503 }),
		);

		expect(result.job_state).toBe("queued");
		expect((await reread(store, job))?.submissions).toBe(1);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("fails the job when its budget is used up, with an event and a delivery", async () => {
		const job = await aJob(store, {
			state: "submitting",
			maxSubmissions: 1,
			webhookUrl,
		});

		const result = await rejectSubmission(
			store.db,
			rejected(job, { returnsBudget: false, httpStatus: 503 }),
		);

		expect(result).toEqual({
			rejected: true,
			job_state: "failed",
			deliveries: 1,
		});
		expect(await reread(store, job)).toMatchObject({
			state: "failed",
			error: { code: "provider_error" },
			charged: "no",
			settled_by: job.submission_id,
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("does not fail a job on its last try when the try does not count", async () => {
		const job = await aJob(store, { state: "submitting", maxSubmissions: 1 });

		const result = await rejectSubmission(store.db, rejected(job));

		expect(result.job_state).toBe("queued");
	});

	it.each([true, false])(
		"ends a job whose cancel was asked for as cancelled, free of charge (budget returned: %s)",
		async (returnsBudget) => {
			const job = await aJob(store, {
				state: "submitting",
				cancelRequested: true,
				maxSubmissions: 1,
				webhookUrl,
			});

			const result = await rejectSubmission(
				store.db,
				rejected(job, { returnsBudget }),
			);

			expect(result).toMatchObject({ job_state: "cancelled", deliveries: 1 });
			expect(await reread(store, job)).toMatchObject({
				state: "cancelled",
				error: null,
				charged: "no",
			});
			expect(await findViolations(store.db)).toEqual([]);
		},
	);

	it.each([
		["rendering", "accepted"],
		["unknown", "unknown"],
		["overdue", "unknown"],
		["succeeded", "succeeded"],
		["failed", "failed"],
		["queued", "rejected"],
	] as const)(
		"loses when the job is %s already, and never sends it again",
		async (state, submission) => {
			const job = await aJob(store, { state, submission });
			const before = await reread(store, job);

			const result = await rejectSubmission(store.db, rejected(job));

			expect(result).toEqual({
				rejected: false,
				job_state: null,
				deliveries: 0,
			});
			expect(await reread(store, job)).toEqual(before);
		},
	);

	it("does not bring back a job that an earlier submission's late success has ended", async () => {
		const job = await aJob(store, { submission: "rejected", webhookUrl });
		const second = await aSubmission(store, job.id, { state: "intent" });
		await store.db.$executeRaw`
			update job set state = 'submitting', ready = false, submission_seq = 2, submissions = 1, charged = 'possible'`;
		await settleSubmission(store.db, aSuccess(submissionOf(job)));

		const result = await rejectSubmission(
			store.db,
			rejected(job, { submissionId: second }),
		);

		expect(result).toMatchObject({ rejected: true, job_state: null });
		expect(await reread(store, job)).toMatchObject({
			state: "succeeded",
			charged: "yes",
		});
		expect(await findViolations(store.db)).toEqual([]);
	});
});
