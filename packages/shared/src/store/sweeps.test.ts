import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import {
	aJob,
	anError,
	aSuccess,
	type JobSpec,
	submissionOf,
	type TestJob,
} from "../testing/factories.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { findJob } from "./jobs.ts";
import { claimRingsDue, countLiveJobs, expireQueued } from "./ready.ts";
import { settleSubmission } from "./settle.ts";
import { lapseOverdue, markOverdue, rescueLeases } from "./submissions.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const reread = (job: TestJob) => findJob(store.db, store.tenantId, job.id);

/** A cast of rows, the sweep, and whose rows it changed: job, submission, event or slot. */
async function changedBy(
	cast: Record<string, JobSpec>,
	sweep: () => Promise<unknown>,
): Promise<{ changed: string[]; jobs: Record<string, TestJob> }> {
	const jobs: Record<string, TestJob> = {};
	for (const [name, spec] of Object.entries(cast)) {
		jobs[name] = await aJob(store, { webhookUrl, ...spec });
	}
	const look = () => store.db.$queryRaw<{ id: string; all: unknown }[]>`
		select job.id, jsonb_build_array(to_jsonb(job),
			(select jsonb_agg(to_jsonb(s) order by n) from submission s where job_id = job.id),
			(select jsonb_agg(to_jsonb(e)) from event e where job_id = job.id),
			(select jsonb_agg(to_jsonb(t) order by t.id) from timeline t where job_id = job.id),
			(select jsonb_agg(slot) from provider_slot p join submission s on s.id = submission_id where job_id = job.id)) as all
		from job`;
	const before = new Map(
		(await look()).map(({ id, all }) => [id, JSON.stringify(all)]),
	);
	await sweep();
	const after = new Map(
		(await look()).map(({ id, all }) => [id, JSON.stringify(all)]),
	);
	const changed = Object.entries(jobs).flatMap(([name, { id }]) =>
		before.get(id) === after.get(id) ? [] : [name],
	);
	return { changed, jobs };
}

const allOtherStates = {
	queued: {},
	submitting: { state: "submitting" },
	rendering: { state: "rendering" },
	unknown: { state: "unknown" },
	overdue: { state: "overdue" },
	succeeded: { state: "succeeded" },
	failed: { state: "failed" },
	cancelled: { state: "cancelled" },
	expired: { state: "expired" },
} as const satisfies Record<string, JobSpec>;

describe("claimRingsDue", () => {
	it("rings for ready jobs whose ring was never sent or may have been lost, and for no others", async () => {
		const { queued: _, ...others } = allOtherStates;
		const { changed } = await changedBy(
			{
				never: {},
				lost: { hintedAgoS: 90 },
				justRung: { hintedAgoS: 10 },
				later: { notBeforeInS: 60 },
				...others,
			},
			() => claimRingsDue(store.db, 100),
		);

		expect(changed).toEqual(["never", "lost"]);
	});

	it("rings again only after the interval", async () => {
		const job = await aJob(store);

		const first = await claimRingsDue(store.db, 100);
		const second = await claimRingsDue(store.db, 100);
		await store.db.$executeRaw`
			update job set hinted_at = hinted_at - interval '61 s'`;
		const third = await claimRingsDue(store.db, 100);

		expect([first, second, third]).toEqual([[job.id], [], [job.id]]);
	});

	it("gives each ring to one of several sweepers, and takes no more than its limit", async () => {
		for (let n = 0; n < 20; n += 1) await aJob(store);

		const passes = await Promise.all(
			[1, 2, 3, 4].map(() => claimRingsDue(store.db, 4)),
		);

		expect(passes.map(({ length }) => length)).toEqual([4, 4, 4, 4]);
		expect(new Set(passes.flat()).size).toBe(16);
	});
});

describe("expireQueued", () => {
	const expire = () =>
		expireQueued(store.db, 100, anError("start_deadline_passed"));

	it("expires what was not started by its deadline, and nothing else", async () => {
		const { changed, jobs } = await changedBy(
			{
				late: { startByInS: -1 },
				again: { startByInS: -1, submission: "rejected" },
				future: { startByInS: 60 },
				sent: { state: "rendering", startByInS: -1 },
				lost: { state: "unknown", startByInS: -1 },
				...allOtherStates,
			},
			expire,
		);

		expect(changed).toEqual(["late", "again"]);
		expect(await reread(jobs.late as TestJob)).toMatchObject({
			state: "expired",
			error: { code: "start_deadline_passed" },
			charged: "no",
			result: null,
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("expires each job once when two sweepers meet", async () => {
		for (let n = 0; n < 10; n += 1) {
			await aJob(store, { startByInS: -1, webhookUrl });
		}

		const passes = await Promise.all([expire(), expire(), expire()]);

		expect(passes.reduce((sum, { expired }) => sum + expired, 0)).toBe(10);
		expect(passes.reduce((sum, { deliveries }) => sum + deliveries, 0)).toBe(
			10,
		);
		expect(await findViolations(store.db)).toEqual([]);
	});
});

describe("rescueLeases", () => {
	it("doubts what a dead worker was posting, and nothing else", async () => {
		const { submitting: _, ...others } = allOtherStates;
		const { changed, jobs } = await changedBy(
			{
				dead: { state: "submitting", leaseInS: -1 },
				alive: { state: "submitting", leaseInS: 45 },
				...others,
			},
			() => rescueLeases(store.db, 100),
		);

		expect(changed).toEqual(["dead"]);
		expect(await reread(jobs.dead as TestJob)).toMatchObject({
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
		expect(await reread(jobs.silent as TestJob)).toMatchObject({
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
		expect(await reread(jobs.lost as TestJob)).toMatchObject({
			state: "failed",
			error: { code: "no_result" },
			charged: "possible",
		});
		expect(await reread(jobs.unwanted as TestJob)).toMatchObject({
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
		expect(await reread(job)).toMatchObject({
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

describe("countLiveJobs", () => {
	it("counts live jobs by state and knows how long the oldest has been ready", async () => {
		for (const spec of Object.values(allOtherStates)) await aJob(store, spec);
		await aJob(store, { ageS: 500, notBeforeInS: -120 });
		await aJob(store, { ageS: 900, notBeforeInS: 60 });

		const { byState, oldestReadyS } = await countLiveJobs(store.db);

		expect(byState).toEqual({
			queued: 3,
			submitting: 1,
			rendering: 1,
			unknown: 1,
			overdue: 1,
		});
		expect(Math.round(oldestReadyS / 10)).toBe(12);
	});
});
