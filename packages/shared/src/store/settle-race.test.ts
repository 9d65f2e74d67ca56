import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { aJob, aSubmission, submissionOf } from "../testing/factories.ts";
import {
	aFailure,
	anOutput,
	aReceivedCallback,
	aSuccess,
} from "../testing/reports.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { findJob } from "./jobs.ts";
import { settleSubmission } from "./settle.ts";
import { acceptSubmission } from "./submissions.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 16 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const count = async () =>
	(
		await store.db.$queryRaw<unknown[]>`
			select (select count(*)::int from event) as events, (select count(*)::int from delivery) as deliveries,
				(select count(*)::int from callback) as callbacks`
	)[0];

describe("reports that arrive at once", () => {
	it("settle once when one callback comes a hundred times", async () => {
		const job = await aJob(store, { state: "rendering", webhookUrl });
		const report = aSuccess(submissionOf(job), {
			callback: aReceivedCallback("succeeded"),
		});

		const settled = await Promise.all(
			Array.from({ length: 100 }, () => settleSubmission(store.db, report)),
		);

		expect(settled.filter((one) => one.settled)).toHaveLength(1);
		expect(settled.filter((one) => one.callback_outcome !== null)).toHaveLength(
			1,
		);
		expect(await count()).toEqual({ events: 1, deliveries: 1, callbacks: 1 });
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("settle once when the answer and the callback cross, many times over", async () => {
		const jobs = await Promise.all(
			Array.from({ length: 30 }, () =>
				aJob(store, { state: "submitting", webhookUrl }),
			),
		);

		const settled = await Promise.all(
			jobs.flatMap((job) => [
				settleSubmission(store.db, aSuccess(submissionOf(job))),
				settleSubmission(
					store.db,
					aSuccess(submissionOf(job), {
						callback: aReceivedCallback("succeeded"),
					}),
				),
			]),
		);

		expect(settled.filter((one) => one.settled)).toHaveLength(30);
		expect(await count()).toMatchObject({ events: 30, deliveries: 30 });
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("end each job once when success and failure cross, and never lose the success", async () => {
		const jobs = await Promise.all(
			Array.from({ length: 30 }, () =>
				aJob(store, { state: "rendering", webhookUrl }),
			),
		);

		await Promise.all(
			jobs.flatMap((job) => [
				settleSubmission(
					store.db,
					aFailure(submissionOf(job), {
						callback: aReceivedCallback("failed"),
					}),
				),
				settleSubmission(
					store.db,
					aSuccess(submissionOf(job), {
						callback: aReceivedCallback("succeeded"),
					}),
				),
			]),
		);

		const states = await store.db.$queryRaw<{ state: string }[]>`
			select distinct state from submission`;
		expect(states).toEqual([{ state: "succeeded" }]);
		expect(await count()).toMatchObject({ deliveries: 30, callbacks: 60 });
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("say why the slower one lost, from what the faster one wrote", async () => {
		const job = await aJob(store, { state: "rendering" });
		const lock = await lockRow(store.url, { table: "job", id: job.id });
		const faster = settleSubmission(store.db, aSuccess(submissionOf(job)));
		await lock.waiters(1);
		const slower = settleSubmission(
			store.db,
			aFailure(submissionOf(job), { callback: aReceivedCallback("failed") }),
		);
		await lock.waiters(2);

		await lock.release();
		await Promise.all([faster, slower]);

		const kept = await store.db.$queryRaw`select outcome, reason from callback`;
		expect(kept).toEqual([
			{
				outcome: "ignored",
				reason: "the submission had ended before: succeeded",
			},
		]);
	});

	it("are quarantined when the answer that overtook them named another task", async () => {
		const job = await aJob(store, { state: "submitting" });
		const submissionId = submissionOf(job);
		const lock = await lockRow(store.url, { table: "job", id: job.id });
		const answer = acceptSubmission(store.db, {
			submissionId,
			taskId: "task-1",
			httpStatus: 200,
			callback: null,
		});
		await lock.waiters(1);
		const callback = settleSubmission(
			store.db,
			aSuccess(submissionId, {
				output: anOutput({ task_id: "task-2" }),
				callback: aReceivedCallback("succeeded"),
			}),
		);
		await lock.waiters(2);

		await lock.release();

		expect(await answer).toBe(true);
		expect(await callback).toMatchObject({
			settled: false,
			callback_outcome: "quarantined",
		});
		expect(await findViolations(store.db)).toEqual([]);
	});
});

describe("reports of two submissions of one job", () => {
	it("never forget a charge, whichever is written first", async () => {
		const job = await aJob(store, { submission: "rejected" });
		const second = await aSubmission(store, job.id, { state: "accepted" });
		await store.db.$executeRaw`
			update job set state = 'rendering', ready = false, submission_seq = 2, submissions = 1, charged = 'possible'
			where id = ${job.id}`;
		const lock = await lockRow(store.url, { table: "job", id: job.id });
		const success = settleSubmission(store.db, aSuccess(submissionOf(job)));
		await lock.waiters(1);
		// Its snapshot is older than the commit of the success that it waits for.
		const failure = settleSubmission(store.db, aFailure(second));
		await lock.waiters(2);

		await lock.release();
		await Promise.all([success, failure]);

		expect(await findJob(store.db, store.tenantId, job.id)).toMatchObject({
			state: "succeeded",
			charged: "yes",
			cost_points: 120,
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("both succeed: one ends the job, the other is surplus, and both are paid for", async () => {
		const jobs = await Promise.all(
			Array.from({ length: 20 }, async () => {
				const job = await aJob(store, { submission: "rejected" });
				const second = await aSubmission(store, job.id, { state: "accepted" });
				return { job, second };
			}),
		);
		await store.db.$executeRaw`
			update job set state = 'rendering', ready = false, submission_seq = 2, submissions = 1, charged = 'possible'`;

		await Promise.all(
			jobs.flatMap(({ job, second }) => [
				settleSubmission(store.db, aSuccess(submissionOf(job))),
				settleSubmission(store.db, aSuccess(second)),
			]),
		);

		const rows = await store.db.$queryRaw`
			select distinct state, charged, cost_points, surplus_results from job`;
		expect(rows).toEqual([
			{
				state: "succeeded",
				charged: "yes",
				cost_points: 240,
				surplus_results: 1,
			},
		]);
		expect(await findViolations(store.db)).toEqual([]);
	});
});
