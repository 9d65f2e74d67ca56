import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import {
	aNewBatch,
	aNewJob,
	anEndpoint,
	aTenant,
} from "../testing/factories.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import {
	insertBatch,
	insertJob,
	type NewBatch,
	type NewJob,
} from "./accept.ts";
import { findBatch, finishBatches, listJobsOfBatch } from "./batches.ts";
import { applyCancel } from "./jobs.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 16 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

function accept(jobs: Partial<NewJob>[], overrides: Partial<NewBatch> = {}) {
	return insertBatch(
		store.db,
		aNewBatch(store, overrides),
		jobs.map((job) => aNewJob(store, job)),
	);
}

async function aBatch(...args: Parameters<typeof accept>) {
	const accepted = await accept(...args);
	if (accepted === null) throw new Error("the batch was not accepted");
	return accepted;
}

const count = async (table: "job" | "batch") => {
	const rows = await store.db.$queryRaw<{ jobs: number; batches: number }[]>`
		select (select count(*)::int from job) as jobs, (select count(*)::int from batch) as batches`;
	return table === "job" ? rows[0]?.jobs : rows[0]?.batches;
};

describe("insertBatch", () => {
	it("accepts its jobs in the order in which they are asked for", async () => {
		const prompts = Array.from({ length: 20 }, (_, n) => `shot ${n}`);

		const { batch, jobs } = await aBatch(
			prompts.map((prompt) => ({ input: { prompt } })),
		);

		const listed = await listJobsOfBatch(store.db, batch.id);
		expect([...listed.values()].map(({ input }) => input.prompt)).toEqual(
			prompts,
		);
		expect([...listed.keys()]).toEqual(prompts.map((_, n) => n));
		expect([...jobs.keys()].sort((a, b) => a - b)).toEqual([...listed.keys()]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("leaves out the items whose key or external id is taken, also by another item", async () => {
		await insertJob(store.db, aNewJob(store, { idempotencyKey: "taken" }));
		await insertJob(store.db, aNewJob(store, { externalId: "taken" }));

		const { batch, jobs } = await aBatch([
			{ idempotencyKey: "taken" },
			{ externalId: "mine" },
			{ externalId: "taken" },
			{ externalId: "mine" },
			{},
		]);

		expect([...jobs.keys()].sort()).toEqual([1, 4]);
		expect(batch).toMatchObject({ size: 2, finished_at: null });
	});

	it("writes nothing when its own key is taken, however many arrive at once", async () => {
		const idempotencyKey = "batch-1";

		const answers = await Promise.all(
			Array.from({ length: 20 }, () => accept([{}, {}], { idempotencyKey })),
		);

		expect(answers.filter((answer) => answer !== null)).toHaveLength(1);
		expect(await count("batch")).toBe(1);
		expect(await count("job")).toBe(2);
	});

	it("is finished from the start when nothing of it could be accepted", async () => {
		await insertJob(store.db, aNewJob(store, { externalId: "taken" }));

		const { batch } = await aBatch([{ externalId: "taken" }]);

		expect(batch.size).toBe(0);
		expect(batch.finished_at).not.toBeNull();
		expect(await finishBatches(store.db, 10)).toEqual({
			finished: 0,
			deliveries: 0,
		});
	});
});

describe("finishBatches", () => {
	const cancelAll = async (ids: string[]) => {
		for (const id of ids) await applyCancel(store.db, store.tenantId, id);
	};
	const idsOf = (created: Awaited<ReturnType<typeof aBatch>>) =>
		[...created.jobs.values()].map(({ id }) => id);

	it("ends a batch with the last of its jobs and not before, and tells of it once", async () => {
		await anEndpoint(store, { events: ["batch.*"] });
		const created = await aBatch([{}, {}], {
			webhookUrl: "https://example.com/batch",
		});
		const [first = "", second = ""] = idsOf(created);
		await cancelAll([first]);
		const early = await finishBatches(store.db, 10);
		await cancelAll([second]);

		const passes = await Promise.all(
			Array.from({ length: 8 }, () => finishBatches(store.db, 10)),
		);

		const sum = (key: "finished" | "deliveries") =>
			passes.reduce((total, pass) => total + pass[key], 0);
		expect(early.finished).toBe(0);
		expect([sum("finished"), sum("deliveries")]).toEqual([1, 2]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("says in its event what the jobs came to", async () => {
		const created = await aBatch([{}, {}, {}]);
		await cancelAll(idsOf(created));
		await finishBatches(store.db, 10);

		const events = await store.db.$queryRaw<{ snapshot: object }[]>`
			select snapshot from event where type = 'batch.finished'`;
		const found = await findBatch(store.db, store.tenantId, created.batch.id);

		expect(events[0]?.snapshot).toMatchObject({
			id: created.batch.id,
			size: 3,
			tally: [{ state: "cancelled", charged: "no", count: 3, points: null }],
		});
		expect(found?.tally).toEqual([
			{ state: "cancelled", charged: "no", count: 3, points: null },
		]);
	});

	it("shows a batch to its own tenant alone", async () => {
		const { batch } = await aBatch([{}]);

		const found = await findBatch(store.db, await aTenant(store), batch.id);

		expect(found).toBeNull();
	});
});
