import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { allOtherStates, changedBy } from "../testing/cast.ts";
import { claimOne } from "../testing/claims.ts";
import {
	aJob,
	aNewJob,
	aTenant,
	submissionOf,
	type TestJob,
} from "../testing/factories.ts";
import { anError } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { insertJob } from "./accept.ts";
import { claimSubmissions } from "./claim.ts";
import { applyCancel } from "./jobs.ts";
import { countAhead, listCrowds } from "./outlook.ts";
import { claimRingsDue, expireQueued } from "./ready.ts";
import { resubmitJob } from "./resolve.ts";
import { releaseScheduled } from "./scheduled.ts";
import { rejectSubmission } from "./submissions.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const due = { notBeforeInS: -1, isScheduled: true } as const;
const release = (limit = 100) => releaseScheduled(store.db, limit);

/** Whether it waits for its time, out of every claim's way. */
async function isScheduled(): Promise<boolean[]> {
	const rows = await store.db.$queryRaw<{ scheduled: boolean }[]>`
		select ready and scheduled as scheduled from job order by id`;
	return rows.map(({ scheduled }) => scheduled);
}
/** Its time comes, as far as the database can tell. */
const itsTimeComes = () =>
	store.db
		.$executeRaw`update job set not_before = now() where not_before > now()`;
const jobsOf = async (tenantId: string) =>
	(
		await store.db.$queryRaw<{ id: string }[]>`
			select id from job where tenant_id = ${tenantId} and not scheduled order by id`
	).map(({ id }) => id);
const reject = (job: TestJob, delayMs: number) =>
	rejectSubmission(store.db, {
		submissionId: submissionOf(job),
		httpStatus: 429,
		reason: "no",
		delayMs,
		returnsBudget: true,
		exhausted: anError("provider_error"),
	});

describe("releaseScheduled", () => {
	it("releases jobs whose time has come, and changes nothing else", async () => {
		const { changed } = await changedBy(
			store,
			{
				due,
				again: { ...due, submission: "rejected" },
				later: { notBeforeInS: 60 },
				...allOtherStates,
			},
			() => release(),
		);

		expect(changed).toEqual(["due", "again"]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("releases each job once when several workers do, and no more than its limit", async () => {
		for (let n = 0; n < 20; n += 1) await aJob(store, due);

		const passes = await Promise.all([1, 2, 3, 4].map(() => release(4)));
		const rest = await release();

		expect([...passes, rest]).toEqual([4, 4, 4, 4, 4]);
		expect(await release()).toBe(0);
	});

	it("holds no tenant and no class up behind the backlog of another, and takes what has been due for longest", async () => {
		const jobs: TestJob[] = [];
		for (let n = 0; n < 6; n += 1) {
			jobs.push(await aJob(store, { ...due, notBeforeInS: n - 10 }));
		}
		const tenantId = await aTenant(store);
		const others = [
			await aJob(store, { ...due, tenantId }),
			await aJob(store, { ...due, tenantId, priority: 2 }),
		];

		const released = await release(6);

		expect(released).toBe(4);
		expect(await jobsOf(store.tenantId)).toEqual(
			jobs.slice(0, 2).map(({ id }) => id),
		);
		expect(await jobsOf(tenantId)).toEqual(others.map(({ id }) => id).sort());
	});

	it("stays within its limit when more tenants have jobs that are due, and comes to all of them", async () => {
		for (let n = 0; n < 5; n += 1) {
			await aJob(store, { ...due, tenantId: await aTenant(store) });
		}

		const passes = [await release(2), await release(2), await release(2)];

		expect(passes).toEqual([2, 2, 1]);
	});

	it("gives a job back the place that its age gives it", async () => {
		const old = await aJob(store, { ...due, ageS: 60 });
		const young = await aJob(store);

		await release();

		const { submissions } = await claimSubmissions(store.db, "w", 2);
		expect(submissions.map(({ job_id: id }) => id)).toEqual([old.id, young.id]);
	});
});

describe("a job with run_at", () => {
	it("is in nobody's way until its time, and then claimed", async () => {
		const runAt = new Date(Date.now() + 3_600_000);
		await insertJob(store.db, aNewJob(store, { runAt }));
		const before = [await isScheduled(), await release()];
		await itsTimeComes();

		const released = await release();

		expect(before).toEqual([[true], 0]);
		expect(released).toBe(1);
		expect(await claimRingsDue(store.db, 10)).toHaveLength(1);
		expect(await claimOne(store.db, "w")).not.toBeNull();
	});

	it("takes its turn at once when that lies in the past", async () => {
		await insertJob(store.db, aNewJob(store, { runAt: new Date(0) }));

		expect(await isScheduled()).toEqual([false]);
		expect(await claimOne(store.db, "w")).not.toBeNull();
	});

	it("can be cancelled while it waits, and expires if nobody releases it", async () => {
		const cancelled = await aJob(store, { notBeforeInS: 60 });
		await aJob(store, { ...due, startByInS: -1 });

		await applyCancel(store.db, store.tenantId, cancelled.id);
		const { expired } = await expireQueued(
			store.db,
			10,
			anError("start_deadline_passed"),
		);

		expect(expired).toBe(1);
		expect(await isScheduled()).toEqual([false, false]);
		expect(await release()).toBe(0);
	});

	it("stands in no queue before its time", async () => {
		await aJob(store, { ageS: 60, notBeforeInS: 60 });
		const job = await aJob(store);

		expect(await countAhead(store.db, job)).toBe(0);
		expect(await listCrowds(store.db)).toMatchObject([{ count: 1 }]);
	});
});

describe("a job that was sent back", () => {
	it("is in nobody's way for as long as it is to wait, and then claimed", async () => {
		const job = await aJob(store, { state: "submitting" });
		await reject(job, 60_000);
		const before = [await isScheduled(), await release()];
		await itsTimeComes();

		await release();

		expect(before).toEqual([[true], 0]);
		expect(await claimOne(store.db, "w")).toMatchObject({ job_id: job.id });
	});

	it("takes its turn at once when it need not wait", async () => {
		const job = await aJob(store, { state: "submitting" });

		await reject(job, 0);

		expect(await isScheduled()).toEqual([false]);
		expect(await claimOne(store.db, "w")).toMatchObject({ job_id: job.id });
	});
});

describe("beside a process of the previous release, which knows nothing of it", () => {
	it("passes by what that has queued for later, and claims it at its time", async () => {
		const job = await aJob(store, { notBeforeInS: 60, isScheduled: false });
		const early = await claimOne(store.db, "w");
		await itsTimeComes();

		const claimed = await claimOne(store.db, "w");

		expect(early).toBeNull();
		expect(claimed).toMatchObject({ job_id: job.id });
	});

	it("forgets what that has claimed, and lets it take a turn when it is queued again", async () => {
		const claimed = { state: "unknown", isScheduled: true } as const;
		const job = await aJob(store, claimed);
		const released = await release();

		await resubmitJob(store.db, submissionOf(job));

		expect(released).toBe(0);
		expect(await claimOne(store.db, "w")).toMatchObject({ job_id: job.id });
	});

	it("releases what that has queued again without a word of its time", async () => {
		const job = await aJob(store, { isScheduled: true });

		const released = await release();

		expect(released).toBe(1);
		expect(await claimOne(store.db, "w")).toMatchObject({ job_id: job.id });
	});
});
