import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ageJobs, keepS } from "../testing/aged.ts";
import { findViolations } from "../testing/audit.ts";
import { aNewBatch, aNewJob, aSubmission } from "../testing/factories.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { insertBatch } from "./accept.ts";
import { findBatch, finishBatches } from "./batches.ts";
import { applyCancel } from "./jobs.ts";
import { pruneBatches, pruneJobs } from "./prune-jobs.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	await clearTestStore(store);
});
afterAll(() => store.close());

describe("pruneBatches", () => {
	const pruneAll = () => pruneBatches(store.db, { afterId: "", keepS });

	/** A batch whose jobs were cancelled forty days ago. */
	async function anOldBatch(size: number) {
		const accepted = await insertBatch(
			store.db,
			aNewBatch(store),
			Array.from({ length: size }, () => aNewJob(store)),
		);
		if (accepted === null) throw new Error("the batch was not accepted");
		const ids = [...accepted.jobs.values()].map(({ id }) => id);
		for (const id of ids) await applyCancel(store.db, store.tenantId, id);
		await finishBatches(store.db, 10);
		await ageJobs(store.db, ids, 40);
		return { id: accepted.batch.id, ids };
	}

	it("removes one with all its jobs", async () => {
		const { id } = await anOldBatch(3);

		const alone = await pruneJobs(store.db, { afterId: "", keepS });
		const { rows } = await pruneAll();

		expect(alone.rows.job ?? 0).toBe(0);
		expect(rows).toMatchObject({ batch: 1, job: 3 });
		expect(await findBatch(store.db, store.tenantId, id)).toBeNull();
	});

	it("leaves all of one as long as one of its jobs must stay", async () => {
		const { id, ids } = await anOldBatch(3);
		const before = await findBatch(store.db, store.tenantId, id);
		await aSubmission(store, String(ids[1]), { state: "lapsed" });
		await store.db.$executeRaw`
			update job set charged = 'possible', submission_seq = 1, submissions = 1 where id = ${ids[1]}`;

		const { rows } = await pruneAll();

		const after = await findBatch(store.db, store.tenantId, id);
		expect(rows).toMatchObject({ batch: 0, job: 0 });
		expect(after?.tally).toHaveLength(2);
		expect(after?.size).toBe(before?.size);
	});

	it("leaves one that has not ended, and removes one that never had a job", async () => {
		const open = await insertBatch(store.db, aNewBatch(store), [
			aNewJob(store),
		]);
		const none = await insertBatch(store.db, aNewBatch(store), []);
		await store.db
			.$executeRaw`update batch set created_at = now() - interval '40 days',
				finished_at = finished_at - interval '40 days'`;

		const { rows } = await pruneAll();

		expect(rows).toMatchObject({ batch: 1, job: 0 });
		const left = await Promise.all(
			[open, none].map((one) =>
				findBatch(store.db, store.tenantId, String(one?.batch.id)),
			),
		);
		expect(left.map((one) => one !== null)).toEqual([true, false]);
	});

	it("leaves one that began long ago and ended lately", async () => {
		const { id, ids } = await anOldBatch(2);
		await store.db.$executeRaw`
			update job set finished_at = now() where batch_id = ${id} and id <> ${ids[0]}`;
		await store.db
			.$executeRaw`update batch set finished_at = now() where id = ${id}`;

		const { rows } = await pruneAll();

		expect(rows).toMatchObject({ batch: 0, job: 0 });
	});

	it("leaves one whose jobs have ended and which has not been ended itself yet", async () => {
		const { id } = await anOldBatch(2);
		await store.db
			.$executeRaw`update batch set finished_at = null where id = ${id}`;

		const { rows } = await pruneAll();
		await store.db.$executeRaw`update batch set finished_at = now()`;

		expect(rows).toMatchObject({ batch: 0, job: 0 });
	});

	it("takes two at a time", async () => {
		for (let n = 0; n < 3; n += 1) await anOldBatch(1);

		const first = await pruneAll();
		const rest = await pruneBatches(store.db, {
			afterId: String(first.lastId),
			keepS,
		});

		expect([first.rows.batch, rest.rows.batch, rest.lastId]).toEqual([
			2,
			1,
			null,
		]);
	});
});
