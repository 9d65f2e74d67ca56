import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { claimOne } from "../testing/claims.ts";
import { aJob, aTenant, type JobSpec } from "../testing/factories.ts";
import { aSuccess } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { type ClaimedSubmission, claimSubmissions } from "./claim.ts";
import { ensureGovernor } from "./governor.ts";
import { settleSubmission } from "./settle.ts";

const wide = { rateCount: 100_000, rateWindowMs: 10_000, concurrency: 300 };

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 32 });
});
beforeEach(async () => {
	await clearTestStore(store);
	await store.db
		.$executeRaw`update tenant set weight = 1, max_in_flight = null`;
	await store.db.$executeRaw`update governor set vt = 0`;
	await ensureGovernor(store.db, wide);
});
afterAll(() => store.close());

const claim = () => claimOne(store.db, "worker-1");
const isClaimed = (
	claimed: ClaimedSubmission | null,
): claimed is ClaimedSubmission => claimed !== null;
const claimAtOnce = async (count: number) =>
	(await Promise.all(Array.from({ length: count }, claim))).filter(isClaimed);
const claimInTurn = async (count: number) => {
	const claimed = [];
	for (let n = 0; n < count; n += 1) claimed.push(await claim());
	return claimed.filter(isClaimed);
};
const countOf = (claimed: ClaimedSubmission[], tenantId: string) =>
	claimed.filter(({ tenant_id }) => tenant_id === tenantId).length;
const settle = ({ id }: ClaimedSubmission) =>
	settleSubmission(store.db, aSuccess(id));

/** Many queued jobs of one tenant, older than those of anybody else, in one statement. */
const aBacklog = (tenantId: string, count: number) => store.db.$executeRaw`
	with born as (
		insert into job (id, tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions, created_at)
		select new_id('job'), ${tenantId}, 'see2ai_video_generation_kling_3_0_v1', 'text', '{"prompt": "a boat"}',
			decode(repeat('07', 32), 'hex'), now() + interval '1 h', 1800, 3, now() - interval '1 h' + n * interval '1 ms'
		from generate_series(1, ${count}::int) as n
		returning id)
	insert into timeline (job_id, type) select id, 'accepted' from born`;

describe("turns", () => {
	it("come to a tenant's first job after at most one job of a tenant with 10,000", async () => {
		const crowded = store.tenantId;
		await aBacklog(crowded, 10_000);
		await claimInTurn(20);
		const small = await aTenant(store);
		const job = await aJob(store, { tenantId: small });

		const next = await claimInTurn(2);

		expect(next.map(({ job_id }) => job_id)).toContain(job.id);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("are not saved up by a tenant that was idle", async () => {
		const busy = store.tenantId;
		await aBacklog(busy, 200);
		await claimInTurn(60);
		const late = await aTenant(store);
		await aBacklog(late, 200);

		const claimed = await claimInTurn(40);

		expect(countOf(claimed, late)).toBeGreaterThanOrEqual(19);
		expect(countOf(claimed, late)).toBeLessThanOrEqual(21);
	});

	it("are shared as weights say, three to one, also by workers that claim at the same time", async () => {
		const heavy = store.tenantId;
		const light = await aTenant(store);
		await store.db
			.$executeRaw`update tenant set weight = 3 where id = ${heavy}`;
		await aBacklog(light, 200);
		await aBacklog(heavy, 200);

		const inTurn = await claimInTurn(80);
		const atOnce: ClaimedSubmission[] = [];
		while (atOnce.length < 80) {
			const room = Math.min(8, 80 - atOnce.length);
			atOnce.push(...(await claimAtOnce(room)));
		}

		for (const claimed of [inTurn, atOnce]) {
			expect(countOf(claimed, heavy)).toBeGreaterThanOrEqual(58);
			expect(countOf(claimed, heavy)).toBeLessThanOrEqual(62);
		}
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("are given several at once as they would be one after the other", async () => {
		const heavy = store.tenantId;
		const tenants = [heavy, await aTenant(store), await aTenant(store)];
		await store.db
			.$executeRaw`update tenant set weight = 3 where id = ${heavy}`;
		for (const tenantId of tenants) await aBacklog(tenantId, 40);
		await store.db
			.$executeRaw`update tenant set max_in_flight = 7 where id = ${tenants[1]}`;

		const { submissions: claimed } = await claimSubmissions(store.db, "w", 20);
		const { submissions: more } = await claimSubmissions(store.db, "w", 20);

		const sharesOf = (all: ClaimedSubmission[]) =>
			tenants.map((tenantId) => countOf(all, tenantId));
		expect(sharesOf(claimed)).toEqual([12, 4, 4]);
		// Of twenty more, the second tenant may have three.
		expect(sharesOf(more)).toEqual([13, 3, 4]);
		expect(claimed.map(({ tenant_id }) => tenant_id).slice(0, 5)).toContain(
			tenants[2],
		);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("are fair among ten tenants whose backlogs differ a hundredfold", async () => {
		const tenants = [store.tenantId];
		while (tenants.length < 10) tenants.push(await aTenant(store));
		for (const [index, tenantId] of tenants.entries()) {
			await aBacklog(tenantId, index === 0 ? 2_000 : 20);
		}

		const claimed = await claimInTurn(150);

		const shares = tenants.map((tenantId) => countOf(claimed, tenantId));
		expect(fairnessOf(shares)).toBeGreaterThanOrEqual(0.9);
		expect(claimed).toHaveLength(150);
	});

	it("pass over a tenant that has as many renders under way as it may, until one ends", async () => {
		const bounded = store.tenantId;
		const other = await aTenant(store);
		await store.db
			.$executeRaw`update tenant set max_in_flight = 3 where id = ${bounded}`;
		await aBacklog(bounded, 20);
		await aBacklog(other, 8);

		const first = await claimInTurn(20);
		const [ended] = first.filter(({ tenant_id }) => tenant_id === bounded);
		if (ended !== undefined) await settle(ended);
		const next = await claimInTurn(5);

		expect(countOf(first, bounded)).toBe(3);
		expect(countOf(first, other)).toBe(8);
		expect(next.map(({ tenant_id }) => tenant_id)).toEqual([bounded]);
	});

	it("go to the highest class first, whoever has it and however far ahead that tenant is", async () => {
		const ahead = store.tenantId;
		const idle = await aTenant(store);
		await aBacklog(ahead, 30);
		await claimInTurn(10);
		await aBacklog(idle, 5);
		const spec: JobSpec = { tenantId: ahead, priority: 0 };
		const high = [await aJob(store, spec), await aJob(store, spec)];

		const next = await claimInTurn(2);

		expect(new Set(next.map(({ job_id }) => job_id))).toEqual(
			new Set(high.map(({ id }) => id)),
		);
	});

	it("never exceed 12 slots or 20 in 10 s, with 64 claimers and tenants at once", async () => {
		await ensureGovernor(store.db, {
			rateCount: 20,
			rateWindowMs: 10_000,
			concurrency: 12,
		});
		for (let n = 0; n < 8; n += 1) await aBacklog(await aTenant(store), 20);

		const first = await claimAtOnce(64);
		const full = await claimAtOnce(64);
		await Promise.all(first.map(settle));
		const second = await claimAtOnce(64);
		await Promise.all(second.map(settle));
		const third = await claimAtOnce(64);

		expect(first.length + full.length).toBe(12);
		expect(second).toHaveLength(8);
		expect(third).toEqual([]);
		expect(await findViolations(store.db)).toEqual([]);
	});
});

/** Jain's index: 1 when all have the same, 1/n when one has all. */
function fairnessOf(shares: number[]): number {
	const sum = shares.reduce((total, share) => total + share, 0);
	const squares = shares.reduce((total, share) => total + share * share, 0);
	return (sum * sum) / (shares.length * squares);
}
