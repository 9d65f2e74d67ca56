import type { Retention } from "@reelay/shared/domain/retention";
import { anOldJob, keepS } from "@reelay/shared/testing/aged";
import { aJob } from "@reelay/shared/testing/factories";
import { createMemoryLog } from "@reelay/shared/testing/log";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPruneSweeps } from "./prune-sweeps.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const keepAll = { jobsS: null, eventsS: null, auditS: null };

/** A worker's sweep, whose rests are over at once if nothing is said. */
function aWorker(retention: Partial<Retention>) {
	const log = createMemoryLog();
	const counted: Record<string, number> = {};
	const [sweep] = createPruneSweeps({
		db: store.db,
		logger: log.logger,
		retention: { ...keepAll, ...retention },
		onPruned: (table, rows) => {
			counted[table] = (counted[table] ?? 0) + rows;
		},
	});
	return { pass: () => sweep?.pass() ?? 0, sweep, log, counted };
}
const endRest = () =>
	store.db.$executeRaw`update prune_turn set next_at = now()`;
const restS = async () => {
	const [row] = await store.db.$queryRaw<{ s: number }[]>`
		select extract(epoch from next_at - now())::float8 as s from prune_turn`;
	return row?.s ?? Number.NaN;
};
/** Passes until everything has had its turn once. */
async function aRound(
	workers: readonly { pass(): Promise<number> | number }[],
) {
	for (let n = 0; n < 20; n += 1) {
		await Promise.all(workers.map(({ pass }) => pass()));
		if ((await restS()) > 300) return;
		await endRest();
	}
	throw new Error("the round has no end");
}
const count = async () => {
	const [row] = await store.db.$queryRaw<{ jobs: number; events: number }[]>`
		select (select count(*)::int from job) as jobs, (select count(*)::int from event) as events`;
	return row;
};

describe("prune", () => {
	it("removes what each setting says, counts it by table, and says it once", async () => {
		await anOldJob(store, { webhookUrl: "https://example.com/hook" });
		await aJob(store, { state: "failed" });
		const worker = aWorker({ jobsS: keepS });

		await aRound([worker]);

		expect(await count()).toEqual({ jobs: 1, events: 1 });
		expect(worker.counted).toMatchObject({ job: 1, event: 1, attempt: 1 });
		expect(worker.log.lines("rows.pruned")).toEqual([
			expect.objectContaining({ removed: worker.counted }),
		]);
	});

	it("keeps for ever what is off", async () => {
		await anOldJob(store);
		const worker = aWorker({ eventsS: keepS });

		await aRound([worker]);

		expect(await count()).toEqual({ jobs: 1, events: 0 });
		expect(aWorker({}).sweep).toBeUndefined();
	});

	it("takes turns between workers, so that together they remove each row once", async () => {
		for (let n = 0; n < 5; n += 1) await anOldJob(store);
		const workers = [1, 2, 3].map(() => aWorker({ jobsS: keepS }));

		await aRound(workers);

		const sum = workers.reduce((all, one) => all + (one.counted.job ?? 0), 0);
		expect(sum).toBe(5);
	});

	it("rests after each step for ten times as long as that took, whichever worker asks", async () => {
		await anOldJob(store);
		const worker = aWorker({ jobsS: keepS });
		await store.db.$executeRaw`
			create function slow() returns trigger language plpgsql as $$
			begin perform pg_sleep(0.2); return null; end $$`;
		await store.db.$executeRaw`
			create trigger slow after delete on job execute function slow()`;

		const rows = await worker.pass();
		const rest = await restS();
		const others = await aWorker({ jobsS: keepS }).pass();
		await store.db.$executeRaw`drop trigger slow on job`;

		expect([rows > 0, others]).toEqual([true, 0]);
		expect(rest).toBeGreaterThan(1.5);
	});

	it("goes on where it was when the step before it failed, once its lease is over", async () => {
		await anOldJob(store);
		const worker = aWorker({ jobsS: keepS });
		await store.db.$executeRaw`alter table usage_day rename to usage_away`;
		const failed = await Promise.resolve(worker.pass()).catch(() => "failed");
		await store.db.$executeRaw`alter table usage_away rename to usage_day`;
		const early = await worker.pass();
		await endRest();

		const rows = await worker.pass();

		expect([failed, early]).toEqual(["failed", 0]);
		expect(rows).toBeGreaterThan(0);
	});
});
