import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type JobState, jobStates } from "../domain/job.ts";
import { aJob, aNewBatch, aNewJob, aTenant } from "../testing/factories.ts";
import { anError } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { insertBatch, insertJob, type NewJob } from "./accept.ts";
import { type JobFilter, listJobs } from "./list-jobs.ts";
import { expireQueued } from "./ready.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 16 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const all = { states: [], afterId: null, limit: 100 };

describe("listJobs", () => {
	it("lists the tenant's own jobs, newest first", async () => {
		const ids: string[] = [];
		for (let n = 0; n < 5; n += 1) ids.unshift((await aJob(store)).id);
		await aJob(store, { tenantId: await aTenant(store) });

		const jobs = await listJobs(store.db, {
			tenantId: store.tenantId,
			...all,
		});

		// Ids made within one millisecond have no order among themselves.
		const inOrder = [...ids].sort().reverse();
		expect(jobs.map(({ id }) => id)).toEqual(inOrder);
	});

	it("skips and repeats nothing when jobs are inserted between two pages", async () => {
		for (let n = 0; n < 9; n += 1) await aJob(store);
		const before = await listJobs(store.db, {
			tenantId: store.tenantId,
			...all,
		});

		const paged: string[] = [];
		for (let afterId: string | null = null; ; ) {
			const page = await listJobs(store.db, {
				tenantId: store.tenantId,
				states: [],
				afterId,
				limit: 2,
			});
			paged.push(...page.map(({ id }) => id));
			const last = page.at(-1);
			if (last === undefined) break;
			afterId = last.id;
			await aJob(store);
		}

		expect(paged).toEqual(before.map(({ id }) => id));
	});

	it("filters by any state and by several", async () => {
		for (const state of jobStates) await aJob(store, { state });
		const list = async (states: readonly JobState[]) =>
			(
				await listJobs(store.db, { tenantId: store.tenantId, ...all, states })
			).map(({ state }) => state);

		for (const state of jobStates) {
			expect(await list([state])).toEqual([state]);
		}
		expect(new Set(await list(["queued", "failed"]))).toEqual(
			new Set(["queued", "failed"]),
		);
	});
});

describe("filters of listJobs", () => {
	const accept = async (overrides: Partial<NewJob> = {}) => {
		const job = await insertJob(store.db, aNewJob(store, overrides));
		if (job === null) throw new Error("the job was not accepted");
		return job;
	};
	const idsOf = async (filter: JobFilter) =>
		(
			await listJobs(store.db, { tenantId: store.tenantId, ...all, ...filter })
		).map(({ id }) => id);

	it("finds jobs by one tag, and by several only those that have them all", async () => {
		const both = await accept({ tags: ["a", "b"] });
		const one = await accept({ tags: ["a"] });
		await accept({ tenantId: await aTenant(store), tags: ["a", "b"] });
		await accept();

		expect(new Set(await idsOf({ tags: ["a"] }))).toEqual(
			new Set([both.id, one.id]),
		);
		expect(await idsOf({ tags: ["b", "a"] })).toEqual([both.id]);
		expect(await idsOf({ tags: ["c"] })).toEqual([]);
	});

	it("finds jobs by metadata, and tells a value from a tag of the same name", async () => {
		const found = await accept({ metadata: { order: "7", shop: "x" } });
		await accept({ metadata: { order: "8" } });
		await accept({ tags: ["order", "7", "order=7"] });

		expect(await idsOf({ metadata: { order: "7" } })).toEqual([found.id]);
		expect(await idsOf({ metadata: { order: "7", shop: "x" } })).toEqual([
			found.id,
		]);
		expect(await idsOf({ metadata: { order: "7", shop: "y" } })).toEqual([]);
	});

	it("finds jobs by what they ask for, why they ended, and the customer's own id", async () => {
		const shots = await accept({ mode: "multi_shot", externalId: "order-7" });
		const expired = await aJob(store, { startByInS: -1 });
		await expireQueued(store.db, 5, anError("start_deadline_passed"));

		expect(await idsOf({ modes: ["multi_shot"] })).toEqual([shots.id]);
		expect(await idsOf({ externalId: "order-7" })).toEqual([shots.id]);
		expect(await idsOf({ errorCodes: ["start_deadline_passed"] })).toEqual([
			expired.id,
		]);
		expect(await idsOf({ errorCodes: ["no_result"] })).toEqual([]);
	});

	it("finds the jobs of a batch, and the other try of a job", async () => {
		const batch = await insertBatch(store.db, aNewBatch(store), [
			aNewJob(store),
		]);
		const failed = await aJob(store, { state: "failed" });
		const retry = await accept({ retryOf: failed.id });

		expect(await idsOf({ batchId: batch?.batch.id })).toEqual([
			batch?.jobs.get(0)?.id,
		]);
		expect(await idsOf({ retryOf: failed.id })).toEqual([retry.id]);
	});

	it("finds jobs between two instants, the first included", async () => {
		const first = await accept();
		const [clock] = await store.db.$queryRaw<{ at: Date }[]>`
			select clock_timestamp() + interval '5 ms' as at`;
		const at = clock?.at ?? new Date();
		await store.db
			.$queryRaw`select pg_sleep_until(${at.toISOString()}::timestamptz)::text`;
		const second = await accept();

		expect(await idsOf({ createdFrom: at })).toEqual([second.id]);
		expect(await idsOf({ createdBefore: at })).toEqual([first.id]);
		expect(await idsOf({ createdFrom: new Date(second.created_at) })).toEqual([
			second.id,
		]);
		expect(await idsOf({ createdFrom: at, createdBefore: at })).toEqual([]);
	});

	it("goes on behind the last of a page, whatever is filtered by", async () => {
		for (let n = 0; n < 5; n += 1) await accept({ tags: ["a"] });
		const whole = await idsOf({ tags: ["a"] });

		const paged: string[] = [];
		for (;;) {
			const page = await listJobs(store.db, {
				tenantId: store.tenantId,
				tags: ["a"],
				afterId: paged.at(-1) ?? null,
				limit: 2,
			});
			if (page.length === 0) break;
			paged.push(...page.map(({ id }) => id));
			await accept({ tags: ["a"] });
		}

		expect(paged).toEqual(whole);
	});
});
