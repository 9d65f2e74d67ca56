import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { aKeyId } from "../testing/budgeted.ts";
import { aNewJob, aTenant } from "../testing/factories.ts";
import { createGate } from "../testing/gate.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { watchDatabase } from "../testing/watch-database.ts";
import type { NewJob } from "./accept.ts";
import { createJobInserter } from "./accept-together.ts";
import { findBudgetExcess, setBudget } from "./budgets.ts";
import { listTimeline } from "./timeline.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const times = <T>(count: number, make: (n: number) => T): T[] =>
	Array.from({ length: count }, (_, n) => make(n));
const countJobs = async () => {
	const rows = await store.db.$queryRaw<object[]>`select id from job`;
	return rows.length;
};
/** An inserter, and the statements that it has sent. */
function counted(onStatement = async () => {}) {
	const statements: string[] = [];
	const insert = createJobInserter(
		watchDatabase(store.db, (sql) => {
			statements.push(sql);
			return onStatement();
		}),
	);
	return { insert, statements };
}
const priced = (estimatePoints: number, overrides: Partial<NewJob> = {}) =>
	aNewJob(store, {
		price: { priceClass: "pro", videoSeconds: 5, estimatePoints },
		...overrides,
	});

it("writes the jobs of concurrent callers in one statement, and gives each its own", async () => {
	const { insert, statements } = counted();

	const jobs = await Promise.all(
		times(50, (n) => insert(aNewJob(store, { metadata: { n: `${n}` } }))),
	);

	expect(statements).toHaveLength(1);
	expect(jobs.map((job) => job?.metadata)).toEqual(
		times(50, (n) => ({ n: `${n}` })),
	);
	expect(new Set(jobs.map((job) => job?.id)).size).toBe(50);
	const [first] = jobs;
	const line = await listTimeline(store.db, {
		jobId: first?.id ?? "",
		afterId: 0n,
		limit: 10,
	});
	expect(line.map(({ type }) => type)).toEqual(["accepted"]);
});

it("makes one job of one idempotency key, also where its requests share a statement", async () => {
	const { insert } = counted();

	const jobs = await Promise.all(
		times(20, () => insert(aNewJob(store, { idempotencyKey: "once" }))),
	);

	expect(jobs.filter((job) => job !== null)).toHaveLength(1);
	expect(await countJobs()).toBe(1);
});

it("refuses the job that a budget does not allow, and none of its neighbours", async () => {
	const keyId = await aKeyId(store);
	await setBudget(
		store.db,
		{ tenantId: store.tenantId, keyId, period: "day" },
		100,
	);
	const { insert } = counted();

	const came = await Promise.allSettled([
		insert(priced(60)),
		insert(priced(90, { keyId })),
		insert(priced(500, { keyId })),
		insert(priced(70)),
	]);

	expect(came.map(({ status }) => status)).toEqual([
		"fulfilled",
		"fulfilled",
		"rejected",
		"fulfilled",
	]);
	const refusal = came[2]?.status === "rejected" ? came[2].reason : null;
	expect(findBudgetExcess(refusal)).toMatchObject({ needed_points: 500 });
	expect(await countJobs()).toBe(3);
});

it("keeps tenants apart: who waits for one's counters does not hold up another", async () => {
	const gate = createGate();
	let isFirst = true;
	const { insert } = counted(async () => {
		if (!isFirst) return;
		isFirst = false;
		await gate.wait();
	});
	const held = insert(aNewJob(store));
	await gate.reached;

	const other = await insert(
		aNewJob({ tenantId: await aTenant(store) }), //
	);
	gate.open();

	expect(other).not.toBeNull();
	expect(await held).not.toBeNull();
});

it("never writes again what may have been written", async () => {
	const { insert, statements } = counted(async () => {
		throw Object.assign(new Error("Connection terminated"), { code: "08006" });
	});

	const came = await Promise.allSettled(times(5, () => insert(aNewJob(store))));

	expect(new Set(came.map(({ status }) => status))).toEqual(
		new Set(["rejected"]),
	);
	expect(statements).toHaveLength(1);
});

it("writes each by itself when Postgres undid all of them for a deadlock", async () => {
	let isFirst = true;
	const { insert, statements } = counted(async () => {
		if (!isFirst) return;
		isFirst = false;
		throw Object.assign(new Error("deadlock"), { code: "40P01" });
	});

	const jobs = await Promise.all(times(4, () => insert(aNewJob(store))));

	expect(jobs.every((job) => job !== null)).toBe(true);
	expect(statements).toHaveLength(5);
	expect(await countJobs()).toBe(4);
});
