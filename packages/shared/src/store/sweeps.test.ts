import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { allOtherStates, changedBy } from "../testing/cast.ts";
import { aJob, submissionOf, type TestJob } from "../testing/factories.ts";
import { anError, aSuccess } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { reread } from "../testing/written.ts";

import { settleSubmission } from "./settle.ts";
import {
	lapseOverdue,
	markOverdue,
	rescueLeases,
} from "./submission-sweeps.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

describe("rescueLeases", () => {
	it("doubts what a dead worker was posting, and nothing else", async () => {
		const { submitting: _, ...others } = allOtherStates;
		const { changed, jobs } = await changedBy(
			store,
			{
				dead: { state: "submitting", leaseInS: -1 },
				alive: { state: "submitting", leaseInS: 45 },
				...others,
			},
			() => rescueLeases(store.db, 100),
		);

		expect(changed).toEqual(["dead"]);
		expect(await reread(store, jobs.dead as TestJob)).toMatchObject({
			state: "unknown",
			charged: "possible",
			submissions: 1,
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("rescues each lease once when two sweepers meet, and no more than its limit", async () => {
		for (let n = 0; n < 10; n += 1) {
			await aJob(store, { state: "submitting", leaseInS: -1 });
		}

		const passes = await Promise.all(
			[1, 2, 3].map(() => rescueLeases(store.db, 3)),
		);
		const rest = await rescueLeases(store.db, 100);

		expect([...passes, rest]).toEqual([3, 3, 3, 1]);
		expect(await findViolations(store.db)).toEqual([]);
	});
});

describe("markOverdue", () => {
	it("marks what has no result by its time, frees its slot, and touches nothing else", async () => {
		const { changed, jobs } = await changedBy(
			store,
			{
				silent: { state: "rendering", callbackDueInS: -1 },
				lost: { state: "unknown", callbackDueInS: -1 },
				posting: { state: "submitting", callbackDueInS: -1 },
				already: { state: "overdue", callbackDueInS: -1 },
				...allOtherStates,
			},
			() => markOverdue(store.db, 100),
		);

		expect(changed).toEqual(["silent", "lost"]);
		expect(await reread(store, jobs.silent as TestJob)).toMatchObject({
			state: "overdue",
			charged: "possible",
			finished_at: null,
		});
		const graces = await store.db.$queryRaw`
			select callback_due_at - overdue_at = interval '1 day' as a_day from submission
			where id = ${submissionOf(jobs.silent as TestJob)}`;
		expect(graces).toEqual([{ a_day: true }]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("leaves the result of an overdue job to be adopted", async () => {
		const job = await aJob(store, { state: "rendering", callbackDueInS: -1 });
		await markOverdue(store.db, 100);

		const late = await settleSubmission(store.db, aSuccess(submissionOf(job)));

		expect(late).toMatchObject({ ended: true, job_state: "succeeded" });
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("marks each once when two sweepers meet", async () => {
		for (let n = 0; n < 10; n += 1) {
			await aJob(store, { state: "rendering", callbackDueInS: -1 });
		}

		const passes = await Promise.all(
			[1, 2, 3].map(() => markOverdue(store.db, 100)),
		);

		expect(passes.reduce((sum, marked) => sum + marked, 0)).toBe(10);
		expect(await findViolations(store.db)).toEqual([]);
	});
});

describe("lapseOverdue", () => {
	const lapse = () => lapseOverdue(store.db, 100, anError("no_result"));

	it("fails what has no result by the end of its grace, says that it may have been charged, and touches nothing else", async () => {
		const { changed, jobs } = await changedBy(
			store,
			{
				accepted: { state: "overdue", callbackDueInS: -1 },
				lost: { state: "overdue", submission: "unknown", callbackDueInS: -1 },
				unwanted: {
					state: "overdue",
					cancelRequested: true,
					callbackDueInS: -1,
				},
				late: { state: "rendering", callbackDueInS: -1 },
				posting: { state: "submitting", callbackDueInS: -1 },
				...allOtherStates,
			},
			lapse,
		);

		expect(changed).toEqual(["accepted", "lost", "unwanted"]);
		expect(await reread(store, jobs.lost as TestJob)).toMatchObject({
			state: "failed",
			error: { code: "no_result" },
			charged: "possible",
		});
		expect(await reread(store, jobs.unwanted as TestJob)).toMatchObject({
			state: "cancelled",
			error: null,
			charged: "possible",
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("keeps a success that comes after it as surplus, paid for", async () => {
		const job = await aJob(store, {
			state: "overdue",
			callbackDueInS: -1,
			webhookUrl,
		});
		await lapse();

		const late = await settleSubmission(store.db, aSuccess(submissionOf(job)));

		expect(late).toMatchObject({ settled: true, ended: false });
		expect(await reread(store, job)).toMatchObject({
			state: "failed",
			error: { code: "no_result" },
			charged: "yes",
			cost_points: 120,
			surplus_results: 1,
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("fails each once when two sweepers meet", async () => {
		for (let n = 0; n < 10; n += 1) {
			await aJob(store, { state: "overdue", callbackDueInS: -1, webhookUrl });
		}

		const passes = await Promise.all([lapse(), lapse(), lapse()]);

		expect(passes.reduce((sum, { lapsed }) => sum + lapsed, 0)).toBe(10);
		expect(passes.reduce((sum, { deliveries }) => sum + deliveries, 0)).toBe(
			10,
		);
		expect(await findViolations(store.db)).toEqual([]);
	});
});
