import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { aJob, submissionOf } from "../testing/factories.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import {
	blockGovernor,
	closeGovernor,
	ensureGovernor,
	ensureSlots,
	findGovernorStatus,
	freeLostSlots,
	reopenGovernor,
} from "./governor.ts";

const limits = { rateCount: 20, rateWindowMs: 10_000, concurrency: 4 };

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(async () => {
	await clearTestStore(store);
	await store.db.$executeRaw`delete from provider_slot`;
	await ensureGovernor(store.db, limits);
});
afterAll(() => store.close());

const blockedForS = async () =>
	Math.round(((await findGovernorStatus(store.db))?.blocked_ms ?? 0) / 1000);
const heldSlots = () => store.db.$queryRaw`
	select submission_id from provider_slot where submission_id is not null order by slot`;

describe("ensureGovernor", () => {
	it("may be called by every worker at once and again", async () => {
		await Promise.all(
			Array.from({ length: 8 }, () => ensureGovernor(store.db, limits)),
		);

		expect(await findGovernorStatus(store.db)).toEqual({
			closed_reason: null,
			closed_detail: null,
			blocked_ms: 0,
			grant_in_ms: 0,
			free_slots: 4,
			slots: 4,
			ready_jobs: false,
		});
	});

	it("gives out fewer slots after the limit was lowered, and more after it was raised", async () => {
		await aJob(store, { state: "rendering" });

		await ensureGovernor(store.db, { ...limits, concurrency: 2 });
		const lowered = await findGovernorStatus(store.db);
		await ensureGovernor(store.db, { ...limits, concurrency: 6 });
		const raised = await findGovernorStatus(store.db);

		expect(lowered).toMatchObject({ slots: 2, free_slots: 1 });
		expect(raised).toMatchObject({ slots: 6, free_slots: 5 });
	});
});

describe("findGovernorStatus", () => {
	it("says when the window opens: once the oldest of the grants that fill it has left", async () => {
		await store.db.$executeRaw`
			update governor set rate_count = 2,
				grants = array[clock_timestamp() - interval '4 s', clock_timestamp()]`;

		const status = await findGovernorStatus(store.db);

		expect(status?.grant_in_ms).toBeGreaterThan(5_000);
		expect(status?.grant_in_ms).toBeLessThanOrEqual(6_000);
	});

	it("knows ready jobs from those that wait for their time or are too late", async () => {
		await aJob(store, { notBeforeInS: 60 });
		await aJob(store, { startByInS: -1 });
		await aJob(store, { state: "rendering" });
		const before = await findGovernorStatus(store.db);

		await aJob(store);

		expect(before?.ready_jobs).toBe(false);
		expect((await findGovernorStatus(store.db))?.ready_jobs).toBe(true);
	});
});

describe("the governor", () => {
	it("never shortens a longer wait by a shorter one", async () => {
		await blockGovernor(store.db, 600_000);
		await blockGovernor(store.db, 10_000);

		expect(await blockedForS()).toBe(600);
	});

	it("closes with its reason, its first instant, and a probe in sight", async () => {
		await closeGovernor(store.db, {
			reason: "funds",
			detail: "the balance is empty",
			probeS: 30,
		});
		const [first] = await store.db.$queryRaw<{ at: Date }[]>`
			select closed_at as at from governor`;
		await closeGovernor(store.db, {
			reason: "credentials",
			detail: "the key is not valid",
			probeS: 30,
		});

		const status = await findGovernorStatus(store.db);
		const [second] = await store.db.$queryRaw<{ at: Date }[]>`
			select closed_at as at from governor`;

		expect(status).toMatchObject({
			closed_reason: "credentials",
			closed_detail: "the key is not valid",
		});
		expect(second).toEqual(first);
		expect(await blockedForS()).toBe(30);
	});

	it("keeps a longer wait that the provider asked for when it closes, and when it opens again", async () => {
		await blockGovernor(store.db, 600_000);

		await closeGovernor(store.db, { reason: "funds", detail: "", probeS: 30 });
		const closed = await blockedForS();
		await reopenGovernor(store.db);

		expect(closed).toBe(600);
		expect(await blockedForS()).toBe(600);
	});

	it("opens at once when only its probe's clock was running, and says whether it was closed", async () => {
		await closeGovernor(store.db, { reason: "funds", detail: "", probeS: 30 });

		const first = await reopenGovernor(store.db);
		const second = await reopenGovernor(store.db);

		expect([first, second]).toEqual([true, false]);
		expect(await findGovernorStatus(store.db)).toMatchObject({
			closed_reason: null,
			closed_detail: null,
			blocked_ms: 0,
		});
	});

	it("keeps a wait that is shorter than a probe's when it opens again", async () => {
		await blockGovernor(store.db, 20_000);
		await closeGovernor(store.db, { reason: "funds", detail: "", probeS: 30 });

		await reopenGovernor(store.db);

		expect(await blockedForS()).toBe(20);
	});

	it("keeps a rate block when an open governor is opened", async () => {
		await blockGovernor(store.db, 10_000);

		await reopenGovernor(store.db);

		expect(await blockedForS()).toBe(10);
	});
});

describe("ensureSlots", () => {
	it("makes what an operator's raised limit asks for, once, and takes none away", async () => {
		const held = await aJob(store, { state: "rendering" });
		await store.db.$executeRaw`update governor set concurrency = 7`;

		const made = await Promise.all([1, 2, 3].map(() => ensureSlots(store.db)));
		await store.db.$executeRaw`update governor set concurrency = 1`;
		const none = await ensureSlots(store.db);

		expect(made.reduce((sum, count) => sum + count, 0)).toBe(3);
		expect(none).toBe(0);
		expect(await heldSlots()).toEqual([{ submission_id: submissionOf(held) }]);
		const slots = await store.db.$queryRaw`
			select slot from provider_slot order by slot`;
		expect(slots).toHaveLength(7);
	});
});

describe("freeLostSlots", () => {
	it("frees the slots of submissions that no longer run, and no others", async () => {
		const kept = [
			await aJob(store, { state: "submitting" }),
			await aJob(store, { state: "rendering" }),
		];
		const ended = await aJob(store, { state: "failed" });
		const overdue = await aJob(store, { state: "overdue" });
		await store.db.$executeRaw`
			update provider_slot set submission_id = ${submissionOf(ended)} where slot = 2`;
		await store.db.$executeRaw`
			update provider_slot set submission_id = ${submissionOf(overdue)} where slot = 3`;

		const freed = await freeLostSlots(store.db);

		expect(freed).toBe(2);
		expect(await heldSlots()).toEqual(
			kept.map((job) => ({ submission_id: submissionOf(job) })),
		);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("leaves a slot to whoever took it while it was being freed", async () => {
		const ended = await aJob(store, { state: "failed" });
		await store.db.$executeRaw`
			update provider_slot set submission_id = ${submissionOf(ended)} where slot = 0`;
		const next = await aJob(store);
		const lock = await lockRow(store.url, { table: "provider_slot", id: 0 });
		const freeing = freeLostSlots(store.db);
		await lock.waiters(1);
		await lock.write(
			`insert into submission (id, job_id, n, state, callback_due_at)
			values ('sub_next', '${next.id}', 1, 'accepted', now() + interval '1 hour')`,
		);
		await lock.write(
			"update provider_slot set submission_id = 'sub_next' where slot = 0",
		);

		await lock.release();

		expect(await freeing).toBe(0);
		expect(await heldSlots()).toEqual([{ submission_id: "sub_next" }]);
	});
});
