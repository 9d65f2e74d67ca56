import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import {
	aJob,
	anError,
	aReceivedCallback,
	aSubmission,
	aSuccess,
	submissionOf,
	type TestJob,
} from "../testing/factories.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { quarantineCallback } from "./callbacks.ts";
import { findJob } from "./jobs.ts";
import { settleSubmission } from "./settle.ts";
import {
	acceptSubmission,
	doubtSubmission,
	type Rejection,
	rejectSubmission,
} from "./submissions.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const reread = (job: TestJob) => findJob(store.db, store.tenantId, job.id);
const submissionStateOf = async (job: TestJob) =>
	(
		await store.db.$queryRaw<{ state: string }[]>`
			select state from submission where id = ${job.submission_id}`
	)[0]?.state;
const answered = (job: TestJob, taskId: string | null = "task-1") => ({
	submissionId: submissionOf(job),
	taskId,
	httpStatus: 200,
	callback: null,
});
const doubted = (job: TestJob) => ({
	submissionId: submissionOf(job),
	reason: "the connection was reset",
	httpStatus: null,
});
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

describe("acceptSubmission", () => {
	it.each(["submitting", "unknown"] as const)(
		"moves a job that is %s to rendering and keeps the task id",
		async (state) => {
			const job = await aJob(store, { state });

			const won = await acceptSubmission(store.db, answered(job));

			expect(won).toBe(true);
			expect((await reread(job))?.state).toBe("rendering");
			const rows = await store.db.$queryRaw`
			select state, provider_task_id, http_status from submission`;
			expect(rows).toEqual([
				{ state: "accepted", provider_task_id: "task-1", http_status: 200 },
			]);
			expect(await findViolations(store.db)).toEqual([]);
		},
	);

	it("counts a progress callback as the acceptance whose answer was lost", async () => {
		const job = await aJob(store, { state: "unknown" });

		const won = await acceptSubmission(store.db, {
			...answered(job),
			httpStatus: null,
			callback: aReceivedCallback("progress"),
		});

		expect(won).toBe(true);
		expect((await reread(job))?.state).toBe("rendering");
		const kept = await store.db.$queryRaw`select kind, outcome from callback`;
		expect(kept).toEqual([{ kind: "progress", outcome: "progress" }]);
	});

	it("keeps a progress callback that tells nothing new, once", async () => {
		const job = await aJob(store, { state: "rendering", taskId: "task-1" });
		const progress = {
			...answered(job, "task-2"),
			httpStatus: null,
			callback: aReceivedCallback("progress"),
		};

		const won = [
			await acceptSubmission(store.db, progress),
			await acceptSubmission(store.db, progress),
		];

		expect(won).toEqual([false, false]);
		const rows = await store.db.$queryRaw`
			select provider_task_id, (select count(*)::int from callback) as kept from submission`;
		expect(rows).toEqual([{ provider_task_id: "task-1", kept: 1 }]);
	});

	it("leaves a job overdue whose submission is heard of again", async () => {
		const job = await aJob(store, { state: "overdue", submission: "unknown" });

		const won = await acceptSubmission(store.db, answered(job));

		expect(won).toBe(true);
		expect((await reread(job))?.state).toBe("overdue");
		expect(await findViolations(store.db)).toEqual([]);
	});

	it.each([
		["succeeded", "succeeded"],
		["failed", "failed"],
		["failed", "lapsed"],
		["cancelled", "succeeded"],
		["queued", "rejected"],
	] as const)(
		"loses to the end of a job that is %s by a submission that is %s",
		async (state, submission) => {
			const job = await aJob(store, { state, submission });
			const before = await reread(job);

			const won = await acceptSubmission(store.db, answered(job));

			expect(won).toBe(false);
			expect(await reread(job)).toEqual(before);
			expect(await submissionStateOf(job)).toBe(submission);
		},
	);

	it("does not revive a job that an earlier submission's late success has ended", async () => {
		const job = await aJob(store, { submission: "rejected" });
		const second = await aSubmission(store, job.id, { state: "intent" });
		await store.db.$executeRaw`
			update job set state = 'submitting', ready = false, submission_seq = 2, submissions = 1, charged = 'possible'`;
		await settleSubmission(store.db, aSuccess(submissionOf(job)));

		const won = await acceptSubmission(store.db, {
			...answered(job),
			submissionId: second,
		});

		expect(won).toBe(true);
		expect((await reread(job))?.state).toBe("succeeded");
		expect(await findViolations(store.db)).toEqual([]);
	});
});

describe("doubtSubmission", () => {
	it("moves a job that is submitting to unknown, and a second time changes nothing", async () => {
		const job = await aJob(store, { state: "submitting" });
		const bystander = await aJob(store, { state: "submitting" });

		const first = await doubtSubmission(store.db, doubted(job));
		const second = await doubtSubmission(store.db, doubted(job));

		expect([first, second]).toEqual([true, false]);
		expect(await reread(job)).toMatchObject({
			state: "unknown",
			charged: "possible",
		});
		expect((await reread(bystander))?.state).toBe("submitting");
		expect(await findViolations(store.db)).toEqual([]);
	});

	it.each([
		["rendering", "accepted"],
		["overdue", "unknown"],
		["succeeded", "succeeded"],
		["failed", "failed"],
		["queued", "rejected"],
	] as const)("does not doubt a job that is %s", async (state, submission) => {
		const job = await aJob(store, { state, submission });

		const won = await doubtSubmission(store.db, doubted(job));

		expect(won).toBe(false);
		expect((await reread(job))?.state).toBe(state);
	});
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
		expect(await reread(job)).toMatchObject({
			state: "queued",
			submissions: 0,
			charged: "no",
			error: null,
			settled_by: null,
		});
		const rows = await store.db.$queryRaw`
			select not_before - updated_at = interval '5 s' as waits, hinted_at from job where id = ${job.id}`;
		expect(rows).toEqual([{ waits: true, hinted_at: null }]);
		expect((await reread(bystander))?.state).toBe("submitting");
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("keeps the budget spent when the try counts", async () => {
		const job = await aJob(store, { state: "submitting", maxSubmissions: 2 });

		const result = await rejectSubmission(
			store.db,
			rejected(job, { returnsBudget: false, httpStatus: 503 }),
		);

		expect(result.job_state).toBe("queued");
		expect((await reread(job))?.submissions).toBe(1);
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
		expect(await reread(job)).toMatchObject({
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
			expect(await reread(job)).toMatchObject({
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
			const before = await reread(job);

			const result = await rejectSubmission(store.db, rejected(job));

			expect(result).toEqual({
				rejected: false,
				job_state: null,
				deliveries: 0,
			});
			expect(await reread(job)).toEqual(before);
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
		expect(await reread(job)).toMatchObject({
			state: "succeeded",
			charged: "yes",
		});
		expect(await findViolations(store.db)).toEqual([]);
	});
});

describe("quarantineCallback", () => {
	it("keeps what cannot be read, once, with the reason, and touches nothing else", async () => {
		const job = await aJob(store, { state: "rendering" });
		const callback = {
			...aReceivedCallback("unreadable", "<html>"),
			reason: "the body is not a JSON object",
		};

		const first = await quarantineCallback(
			store.db,
			submissionOf(job),
			callback,
		);
		const second = await quarantineCallback(
			store.db,
			submissionOf(job),
			callback,
		);

		expect([first, second]).toEqual([true, false]);
		const kept = await store.db.$queryRaw`
			select body, kind, outcome, reason from callback`;
		expect(kept).toEqual([
			{
				body: "<html>",
				kind: "unreadable",
				outcome: "quarantined",
				reason: "the body is not a JSON object",
			},
		]);
		expect((await reread(job))?.state).toBe("rendering");
	});
});
