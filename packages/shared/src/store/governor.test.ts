import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { claimOne } from "../testing/claims.ts";
import { aJob } from "../testing/factories.ts";
import { grantedAgo } from "../testing/grants.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import {
	blockGovernor,
	closeGovernor,
	ensureGovernor,
	findGovernorStatus,
	reopenGovernor,
} from "./governor.ts";

const limits = { rateCount: 20, rateWindowMs: 10_000, concurrency: 4 };

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(async () => {
	await clearTestStore(store);
	await ensureGovernor(store.db, limits);
});
afterAll(() => store.close());

const blockedForS = async () =>
	Math.round(((await findGovernorStatus(store.db))?.blocked_ms ?? 0) / 1000);

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
		await ensureGovernor(store.db, { ...limits, rateCount: 2 });
		await grantedAgo(store, 30, 4, 0);

		const status = await findGovernorStatus(store.db);

		expect(status?.grant_in_ms).toBeGreaterThan(5_000);
		expect(status?.grant_in_ms).toBeLessThanOrEqual(6_000);
	});

	it("counts as taken what may be rendering, also what no grant was numbered for, and nothing else", async () => {
		for (const state of ["submitting", "rendering", "unknown"] as const) {
			await aJob(store, { state });
		}
		for (const state of ["queued", "overdue", "succeeded", "failed"] as const) {
			await aJob(store, { state });
		}
		await aJob(store);
		await claimOne(store.db, "worker-1");

		expect(await findGovernorStatus(store.db)).toMatchObject({ free_slots: 0 });
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
