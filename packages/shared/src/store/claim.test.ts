import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import {
	aJob,
	aSuccess,
	submissionOf,
	type TestJob,
} from "../testing/factories.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { claimNextSubmission, renewLeases } from "./claim.ts";
import { ensureGovernor } from "./governor.ts";
import { findJob } from "./jobs.ts";
import { settleSubmission } from "./settle.ts";

const wide = { rateCount: 1_000, rateWindowMs: 10_000, concurrency: 100 };

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 32 });
});
beforeEach(async () => {
	await clearTestStore(store);
	await ensureGovernor(store.db, wide);
});
afterAll(() => store.close());

const claim = () => claimNextSubmission(store.db, "worker-1");
const claimAtOnce = async (count: number) =>
	(await Promise.all(Array.from({ length: count }, claim))).filter(
		(claimed) => claimed !== null,
	);
const someJobs = (count: number) =>
	Promise.all(Array.from({ length: count }, () => aJob(store)));
const reread = (job: TestJob) => findJob(store.db, store.tenantId, job.id);

/** Everything that a claim may write, to show that one that came back empty wrote nothing. */
const snapshot = () => store.db.$queryRaw`
	select (select jsonb_agg(to_jsonb(job) order by id) from job) as jobs,
		(select count(*)::int from submission) as submissions,
		(select count(*)::int from timeline) as lines,
		(select jsonb_agg(to_jsonb(p) order by slot) from provider_slot p) as slots,
		(select to_jsonb(governor) from governor) as governor`;

describe("claimNextSubmission", () => {
	it("writes the intent, the lease, the slot and the timeline before anything is sent", async () => {
		const job = await aJob(store, { hintedAgoS: 5 });

		const claimed = await claim();

		expect(claimed).toEqual({
			id: expect.stringMatching(/^sub_/),
			job_id: job.id,
			n: 1,
			tenant_id: store.tenantId,
			action: job.action,
			input: job.input,
			is_probe: false,
		});
		expect(await reread(job)).toMatchObject({
			state: "submitting",
			submissions: 1,
			charged: "possible",
			submitted_at: expect.any(Date),
			hinted_at: null,
		});
		const rows = await store.db.$queryRaw`
			select state, lease_owner, lease_until - intent_at = interval '60 s' as lease,
				callback_due_at - intent_at = interval '1800 s' as due, slot
			from submission join provider_slot on submission_id = submission.id`;
		expect(rows).toEqual([
			{
				state: "intent",
				lease_owner: "worker-1",
				lease: true,
				due: true,
				slot: 0,
			},
		]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("numbers a second submission on, and keeps the instant of the first", async () => {
		const job = await aJob(store, { submission: "rejected" });

		const claimed = await claim();

		expect(claimed?.n).toBe(2);
		expect((await reread(job))?.submitted_at).toEqual(job.submitted_at);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("takes every high job before every normal one, and the older one first", async () => {
		const low = await aJob(store, { priority: 2, ageS: 500 });
		const young = await aJob(store, { priority: 1, ageS: 10 });
		const old = await aJob(store, { priority: 1, ageS: 100 });
		const high = await aJob(store, { priority: 0 });

		const order = [];
		for (let n = 0; n < 5; n += 1) order.push((await claim())?.job_id);

		expect(order).toEqual([high.id, old.id, young.id, low.id, undefined]);
	});

	it("leaves alone what may not be sent: not yet due, too late, out of budget, or not queued", async () => {
		await aJob(store, { notBeforeInS: 60 });
		await aJob(store, { startByInS: -1 });
		const spent = await aJob(store, {
			submission: "rejected",
			maxSubmissions: 1,
		});
		await store.db
			.$executeRaw`update job set submissions = 1 where id = ${spent.id}`;
		for (const state of [
			"submitting",
			"rendering",
			"unknown",
			"overdue",
			"succeeded",
			"failed",
			"cancelled",
			"expired",
		] as const) {
			await aJob(store, { state });
		}
		const before = await snapshot();

		const claimed = await claim();

		expect(claimed).toBeNull();
		expect(await snapshot()).toEqual(before);
	});

	it.each([
		[
			"no slot is free",
			() =>
				ensureGovernor(store.db, { ...wide, concurrency: 1 }).then(() =>
					aJob(store, { state: "rendering" }),
				),
		],
		[
			"the governor is blocked",
			() =>
				store.db
					.$executeRaw`update governor set blocked_until = now() + interval '60 s'`,
		],
		[
			"the rate window is full",
			() => store.db.$executeRaw`
			update governor set rate_count = 2, grants = array[now() - interval '9 s', now()]`,
		],
		[
			"the governor is closed and its probe is out",
			() => store.db.$executeRaw`
			update governor set closed_reason = 'funds', closed_at = now(), blocked_until = now() + interval '9 s'`,
		],
		[
			"there is no governor yet",
			async () => {
				await store.db.$executeRaw`delete from provider_slot`;
				await store.db.$executeRaw`delete from governor`;
			},
		],
	] as const)("changes nothing when %s", async (_reason, forbid) => {
		await aJob(store);
		await forbid();
		const before = await snapshot();

		const claimed = await claim();

		expect(claimed).toBeNull();
		expect(await snapshot()).toEqual(before);
	});
});

describe("claimers at once", () => {
	it("claim every job at most once", async () => {
		const jobs = await someJobs(40);

		const claimed = [...(await claimAtOnce(64)), ...(await claimAtOnce(64))];

		expect(new Set(claimed.map(({ job_id }) => job_id)).size).toBe(
			claimed.length,
		);
		expect(claimed).toHaveLength(jobs.length);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("never hold more than the twelve slots, of 64", async () => {
		await ensureGovernor(store.db, { ...wide, concurrency: 12 });
		await store.db.$executeRaw`delete from provider_slot where slot >= 12`;
		await someJobs(64);

		const claimed = await claimAtOnce(64);
		const more = await claimAtOnce(64);
		const [freed] = claimed;
		await settleSubmission(store.db, aSuccess(freed?.id ?? ""));
		const next = await claimAtOnce(8);

		expect(claimed.length + more.length).toBe(12);
		expect(next).toHaveLength(1);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("are granted no more than the window holds, and then as many as have left it", async () => {
		await ensureGovernor(store.db, { ...wide, rateCount: 5 });
		await someJobs(20);
		const age = (seconds: number) => store.db.$executeRaw`
			update governor set grants = array(select g - make_interval(secs => ${seconds}::float8) from unnest(grants) g)`;

		const first = await claimAtOnce(32);
		await age(6);
		const tooEarly = await claimAtOnce(8);
		// Two of the five leave the window, as if they had been granted earlier.
		await store.db.$executeRaw`
			update governor set grants = array(
				select case when n <= 2 then g - interval '4 s' else g end from unnest(grants) with ordinality as t(g, n)
				order by n)`;
		const second = await claimAtOnce(8);
		await age(4);
		const third = await claimAtOnce(8);

		expect([first, tooEarly, second, third].map((all) => all.length)).toEqual([
			5, 0, 2, 3,
		]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("keep every sliding window within the rate while they go on for long", async () => {
		const rate = { rateCount: 5, rateWindowMs: 60 };
		await ensureGovernor(store.db, { ...wide, ...rate });
		await store.db.$executeRaw`create table granted (at timestamptz)`;
		await store.db.$executeRaw`
			create function note_grant() returns trigger language plpgsql as $$
			begin insert into granted values (new.grants[cardinality(new.grants)]); return new; end $$`;
		await store.db.$executeRaw`
			create trigger note_grant after update of grants on governor for each row execute function note_grant()`;
		const jobs = await someJobs(60);

		let claimed = 0;
		while (claimed < jobs.length) claimed += (await claimAtOnce(12)).length;

		const windows = await store.db.$queryRaw<{ total: number; bad: number }[]>`
			select count(*)::int as total, count(*) filter (where since < ${rate.rateWindowMs} * interval '1 ms')::int as bad
			from (select at - lag(at, ${rate.rateCount}::int) over (order by at) as since from granted) as g`;
		await store.db.$executeRaw`drop trigger note_grant on governor`;
		expect(windows).toEqual([{ total: 60, bad: 0 }]);
	});

	it("send one probe while the governor is closed, and the next one after the interval", async () => {
		await someJobs(10);
		await store.db.$executeRaw`
			update governor set closed_reason = 'funds', closed_at = now(), blocked_until = now()`;

		const first = await claimAtOnce(16);
		const between = await claimAtOnce(16);
		await store.db.$executeRaw`
			update governor set blocked_until = blocked_until - interval '30 s'`;
		const second = await claimAtOnce(16);

		expect(first.map(({ is_probe }) => is_probe)).toEqual([true]);
		expect(between).toEqual([]);
		expect(second.map(({ is_probe }) => is_probe)).toEqual([true]);
	});

	it("see a block that was set while they waited for the governor", async () => {
		await aJob(store);
		const lock = await lockRow(store.url, { table: "governor", id: "see2ai" });
		const block = store.db.$executeRaw`
			update governor set blocked_until = now() + interval '60 s'`.then();
		await lock.waiters(1);
		const claiming = claim();
		await lock.waiters(2);

		await lock.release();
		await block;

		expect(await claiming).toBeNull();
	});
});

describe("renewLeases", () => {
	it("extends the leases of its worker alone, and gives none to what was answered", async () => {
		const mine = await aJob(store, { state: "submitting", leaseInS: 5 });
		const theirs = await aJob(store, {
			state: "submitting",
			leaseInS: 5,
			workerId: "worker-2",
		});
		await aJob(store, { state: "rendering" });

		const renewed = await renewLeases(store.db, "worker-1");

		expect(renewed).toBe(1);
		const long = await store.db.$queryRaw`
			select id from submission where lease_until > now() + interval '50 s'`;
		expect(long).toEqual([{ id: submissionOf(mine) }]);
		expect(await reread(theirs)).toMatchObject({ state: "submitting" });
	});
});
