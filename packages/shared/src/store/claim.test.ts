import { Prisma } from "@reelay/prisma/client";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { claimOne } from "../testing/claims.ts";
import { aJob, aTenant } from "../testing/factories.ts";
import { grantedAgo } from "../testing/grants.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { reread } from "../testing/written.ts";
import { claimSubmissions } from "./claim.ts";
import { ensureGovernor } from "./governor.ts";

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

const claim = () => claimOne(store.db, "worker-1");
const claimSome = async (count: number, since?: Date) =>
	(await claimSubmissions(store.db, "worker-1", count, since)).submissions;

/** Everything that a claim may write, to show that one that came back empty wrote nothing. */
const snapshot = () => store.db.$queryRaw`
	select (select jsonb_agg(to_jsonb(job) order by id) from job) as jobs,
		(select count(*)::int from submission) as submissions,
		(select count(*)::int from timeline) as lines,
		(select to_jsonb(governor) from governor) as governor`;

describe("claimSubmissions", () => {
	it("writes the intent, the lease, the number of its grant and the timeline before anything is sent", async () => {
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
		expect(await reread(store, job)).toMatchObject({
			state: "submitting",
			submissions: 1,
			charged: "possible",
			submitted_at: expect.any(Date),
			hinted_at: null,
		});
		const rows = await store.db.$queryRaw`
			select state, lease_owner, lease_until - intent_at = interval '60 s' as lease,
				callback_due_at - intent_at = interval '1800 s' as due, grant_no
			from submission`;
		expect(rows).toEqual([
			{
				state: "intent",
				lease_owner: "worker-1",
				lease: true,
				due: true,
				grant_no: 1n,
			},
		]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("numbers a second submission on, and keeps the instant of the first", async () => {
		const job = await aJob(store, { submission: "rejected" });

		const claimed = await claim();

		expect(claimed?.n).toBe(2);
		expect((await reread(store, job))?.submitted_at).toEqual(job.submitted_at);
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

	it("takes several in the order of their turns, each with a grant of its own, and no more than it was asked for", async () => {
		const low = await aJob(store, { priority: 2 });
		const jobs = [];
		for (const ageS of [400, 300, 200, 100]) {
			jobs.push(await aJob(store, { ageS }));
		}

		const first = await claimSome(3);
		const second = await claimSome(3);
		const third = await claimSome(3);

		const ids = [first, second, third].map((all) =>
			all.map(({ job_id }) => job_id),
		);
		const [a, b, c, d] = jobs.map(({ id }) => id);
		expect(ids).toEqual([[a, b, c], [d], [low.id]]);
		const granted = await store.db.$queryRaw<{ job_id: string }[]>`
			select job_id from submission where grant_no between 1 and 5 order by grant_no`;
		expect(granted.map(({ job_id }) => job_id)).toEqual(ids.flat());
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("with a bound in time leaves older jobs for the next claim without one, and tells the oldest it saw", async () => {
		const old = await aJob(store, { ageS: 100 });
		const young = await aJob(store, { ageS: 10 });
		const bound = new Date(Date.now() - 50_000);

		const { submissions, oldestReady } = await claimSubmissions(
			store.db,
			"worker-1",
			5,
			bound,
		);
		const rest = await claimSubmissions(store.db, "worker-1", 5);

		expect(submissions.map(({ job_id }) => job_id)).toEqual([young.id]);
		expect(oldestReady).toEqual(young.created_at);
		expect(rest.submissions.map(({ job_id }) => job_id)).toEqual([old.id]);
		expect(rest.oldestReady).toEqual(old.created_at);
	});

	it("says that there may be more, until it has taken all that are in turn", async () => {
		for (let n = 0; n < 3; n += 1) await aJob(store);
		await aJob(store, { tenantId: await aTenant(store) });
		const claims = [];
		for (let n = 0; n < 3; n += 1) {
			claims.push(await claimSubmissions(store.db, "worker-1", 2));
		}

		const saw = claims.map(({ mayBeMore }) => mayBeMore);
		expect(saw).toEqual([true, false, false]);
	});

	it.each([
		[
			"its tenant has no place for it",
			() => store.db.$executeRaw`update tenant set max_in_flight = 1`,
		],
		[
			"the governor has no slot for it",
			() => ensureGovernor(store.db, { ...wide, concurrency: 1 }),
		],
	])("says that there may be more while %s", async (_why, limit) => {
		await aJob(store);
		await aJob(store);
		await limit();

		const took = await claimSubmissions(store.db, "worker-1", 5);
		const none = await claimSubmissions(store.db, "worker-1", 5);

		expect(took).toMatchObject({ mayBeMore: true, emptyBecause: null });
		expect(took.submissions).toHaveLength(1);
		expect(none).toMatchObject({ submissions: [], mayBeMore: true });
	});

	it.each([
		[
			"slots are free",
			() => ensureGovernor(store.db, { ...wide, concurrency: 2 }),
			2,
		],
		[
			"places the window has",
			async () => {
				await ensureGovernor(store.db, { ...wide, rateCount: 5 });
				await grantedAgo(store, 11, 9, 0);
			},
			3,
		],
		[
			"probes a closed provider is sent",
			() =>
				store.db
					.$executeRaw`update governor set closed_reason = 'funds', closed_at = now(), probe_at = now()`,
			1,
		],
		["jobs are ready", () => aJob(store, { notBeforeInS: 60 }), 6],
	] as const)("takes no more than %s", async (_what, limit, most) => {
		for (let n = 0; n < 6; n += 1) await aJob(store);
		await limit();

		const claimed = await claimSome(10);

		expect(claimed).toHaveLength(most);
		expect(await claimSome(10)).toEqual([]);
		expect(await findViolations(store.db)).toEqual([]);
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
			async () => {
				await ensureGovernor(store.db, { ...wide, rateCount: 2 });
				await grantedAgo(store, 9, 0);
			},
		],
		[
			"the governor is closed and its probe is out",
			() => store.db.$executeRaw`
			update governor set closed_reason = 'funds', closed_at = now(), probe_at = now() + interval '9 s'`,
		],
		[
			"there is no governor yet",
			() => store.db.$executeRaw`delete from governor`,
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

describe("a job that is ready and not queued", () => {
	it("is not sent, though only job_ready_state says that there is none", async () => {
		const { db } = store;
		const [rule] = await db.$queryRaw<{ text: string }[]>`
			select pg_get_constraintdef(oid) as text from pg_constraint where conname = 'job_ready_state'`;
		await db.$executeRaw`alter table job drop constraint job_ready_state`;
		const job = await aJob(store, { state: "rendering" });
		await db.$executeRaw`update job set ready = true where id = ${job.id}`;

		const claimed = await claim();

		expect(claimed).toBeNull();
		expect(await reread(store, job)).toMatchObject({ state: "rendering" });
		await clearTestStore(store);
		await db.$executeRaw`
			alter table job add constraint job_ready_state ${Prisma.raw(rule?.text ?? "")}`;
	});
});
