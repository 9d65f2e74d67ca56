import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { claimOne } from "../testing/claims.ts";
import { aJob, aTenant } from "../testing/factories.ts";
import { ageGrants } from "../testing/grants.ts";
import { aSuccess } from "../testing/reports.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { claimSubmissions } from "./claim.ts";
import { ensureGovernor, findGovernorStatus } from "./governor.ts";

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

const claim = () => claimOne(store.db, "worker-1");
const claimAtOnce = async (count: number) =>
	(await Promise.all(Array.from({ length: count }, claim))).filter(
		(claimed) => claimed !== null,
	);
const someJobs = (count: number) =>
	Promise.all(Array.from({ length: count }, () => aJob(store)));

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

	it("hold no more than a lowered limit, those that began under the old one included", async () => {
		await ensureGovernor(store.db, { ...wide, concurrency: 12 });
		await someJobs(64);
		const claimed = [...(await claimAtOnce(64)), ...(await claimAtOnce(64))];
		await ensureGovernor(store.db, { ...wide, concurrency: 5 });

		const held = [claimed.length];
		for (const { id } of claimed) {
			await settleSubmission(store.db, aSuccess(id));
			const more = await claimAtOnce(8);
			held.push((held.at(-1) ?? 0) - 1 + more.length);
		}

		expect(held).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 5, 5, 5, 5, 5]);
		expect(await findGovernorStatus(store.db)).toMatchObject({ free_slots: 0 });
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("that take several each, of several tenants, hold no more than the slots and the window allow", async () => {
		await ensureGovernor(store.db, {
			...wide,
			concurrency: 40,
			rateCount: 30,
		});
		for (let n = 0; n < 5; n += 1) {
			const tenantId = await aTenant(store);
			await Promise.all(
				Array.from({ length: 20 }, () => aJob(store, { tenantId })),
			);
		}
		const take = async (count: number) =>
			(await claimSubmissions(store.db, "worker-1", count)).submissions;

		const taken = await Promise.all(
			Array.from({ length: 16 }, (_, n) => take((n % 8) + 1)),
		);
		const rest = await take(100);
		const beyond = await take(100);
		const all = [...taken.flat(), ...rest];

		expect(new Set(all.map(({ job_id }) => job_id)).size).toBe(30);
		expect(all).toHaveLength(30);
		expect(beyond).toEqual([]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("are granted no more than the window holds, and then as many as have left it", async () => {
		await ensureGovernor(store.db, { ...wide, rateCount: 5 });
		await someJobs(20);

		const first = await claimAtOnce(32);
		await ageGrants(store, 6);
		const tooEarly = await claimAtOnce(8);
		// Two of the five leave the window, as if they had been granted earlier.
		await store.db.$executeRaw`
			update submission set intent_at = intent_at - interval '4 s' where grant_no <= 2`;
		const second = await claimAtOnce(8);
		await ageGrants(store, 4);
		const third = await claimAtOnce(8);

		expect([first, tooEarly, second, third].map((all) => all.length)).toEqual([
			5, 0, 2, 3,
		]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("keep every sliding window within the rate while they go on for long", async () => {
		const rate = { rateCount: 5, rateWindowMs: 60 };
		await ensureGovernor(store.db, { ...wide, ...rate });
		const jobs = await someJobs(60);

		let claimed = 0;
		while (claimed < jobs.length) claimed += (await claimAtOnce(12)).length;

		const windows = await store.db.$queryRaw<{ total: number; bad: number }[]>`
			select count(*)::int as total, count(*) filter (where since < ${rate.rateWindowMs} * interval '1 ms')::int as bad
			from (select intent_at - lag(intent_at, ${rate.rateCount}::int) over (order by intent_at) as since from submission) as s`;
		expect(windows).toEqual([{ total: 60, bad: 0 }]);
	});

	it("send one probe while the governor is closed, and the next one after the interval", async () => {
		await someJobs(10);
		await store.db.$executeRaw`
			update governor set closed_reason = 'funds', closed_at = now()`;

		const first = await claimAtOnce(16);
		const between = await claimAtOnce(16);
		await store.db.$executeRaw`
			update governor set probe_at = probe_at - interval '30 s'`;
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
