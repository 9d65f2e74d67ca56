import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import {
	aJob,
	aSubmission,
	submissionOf,
	type TestJob,
} from "../testing/factories.ts";
import { aReceivedCallback, aSuccess } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { reread } from "../testing/written.ts";
import { quarantineCallback } from "./callbacks.ts";
import { settleSubmission } from "./settle.ts";
import { acceptSubmission, doubtSubmission } from "./submissions.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

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

describe("acceptSubmission", () => {
	it.each(["submitting", "unknown"] as const)(
		"moves a job that is %s to rendering and keeps the task id",
		async (state) => {
			const job = await aJob(store, { state });

			const won = await acceptSubmission(store.db, answered(job));

			expect(won).toBe(true);
			expect((await reread(store, job))?.state).toBe("rendering");
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
		expect((await reread(store, job))?.state).toBe("rendering");
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
		expect((await reread(store, job))?.state).toBe("overdue");
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
			const before = await reread(store, job);

			const won = await acceptSubmission(store.db, answered(job));

			expect(won).toBe(false);
			expect(await reread(store, job)).toEqual(before);
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
		expect((await reread(store, job))?.state).toBe("succeeded");
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
		expect(await reread(store, job)).toMatchObject({
			state: "unknown",
			charged: "possible",
		});
		expect((await reread(store, bystander))?.state).toBe("submitting");
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
		expect((await reread(store, job))?.state).toBe(state);
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

		expect([first, second]).toMatchObject([
			{ callback_outcome: "quarantined", job_id: job.id },
			{ callback_outcome: null, job_id: null },
		]);
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
		expect((await reread(store, job))?.state).toBe("rendering");
	});
});
