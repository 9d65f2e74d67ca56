import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EndpointRecord } from "../domain/endpoint-record.ts";
import { eventTypes } from "../domain/event.ts";
import { idBefore } from "../runtime/ids.ts";
import { findViolations } from "../testing/audit.ts";
import { aJob, anEndpoint, aTenant } from "../testing/factories.ts";
import { anAttempt } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { recordAttempt } from "./attempts.ts";
import { claimDueDeliveries } from "./deliveries.ts";
import { deleteEndpoint, updateEndpoint } from "./endpoints.ts";
import {
	countReplay,
	findReplay,
	insertReplay,
	moveReplay,
	type ReplayQuery,
	stepReplay,
} from "./replays.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

/** Events of jobs that ended before any endpoint asked for them. */
async function pastEvents(count: number, tenantId = store.tenantId) {
	await store.db.$executeRaw`
		insert into event (id, tenant_id, type, snapshot)
		select new_id('evt'), ${tenantId}, 'video.succeeded', '{}' from generate_series(1, ${count}::int)`;
}
function queryFor(
	{ id, tenant_id }: EndpointRecord,
	overrides: Partial<ReplayQuery> = {},
): ReplayQuery {
	const since = new Date(Date.now() - 3_600_000);
	return {
		tenantId: tenant_id,
		endpointId: id,
		types: eventTypes,
		states: ["exhausted", "aborted", "held", "missing"],
		since,
		until: new Date(Date.now() + 60_000),
		afterId: idBefore("event", since),
		...overrides,
	};
}
async function begin(query: ReplayQuery) {
	const replay = await insertReplay(store.db, query, 0);
	if (replay === null) throw new Error("no replay was begun");
	return replay;
}
const reread = (id: string) => findReplay(store.db, store.tenantId, id);
async function countDue(): Promise<number> {
	const [row] = await store.db.$queryRaw<{ count: number }[]>`
		select count(*)::int as count from delivery where due_at is not null`;
	return row?.count ?? 0;
}
async function stepAll(): Promise<number> {
	let steps = 0;
	while ((await stepReplay(store.db)) > 0) steps += 1;
	return steps;
}

describe("a replay", () => {
	it("owes every past event to an endpoint that is new, once, step by step", async () => {
		const endpoint = await anEndpoint(store);
		await pastEvents(450);
		await pastEvents(3, await aTenant(store));
		const query = queryFor(endpoint);
		const counted = await countReplay(store.db, query);

		const { id } = await begin(query);
		const steps = await stepAll();

		expect(counted).toBe(450);
		expect(steps).toBe(3);
		expect(await countDue()).toBe(450);
		expect(await reread(id)).toMatchObject({ state: "finished", sent: 450 });
		expect(await countReplay(store.db, query)).toBe(0);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("sends what it was asked for, and leaves alone what arrived, waits, or is of another type or time", async () => {
		const endpoint = await anEndpoint(store, { concurrency: 10 });
		for (const state of ["succeeded", "failed"] as const) {
			await aJob(store, { state });
		}
		await begin(queryFor(endpoint, { types: ["video.succeeded"] }));
		await stepAll();
		const [delivery] = await claimDueDeliveries(store.db, "w", 10);
		if (delivery === undefined) throw new Error("nothing is due");
		const first = await countDue();
		const underWay = await countReplay(
			store.db,
			queryFor(endpoint, { types: ["video.succeeded"] }),
		);
		await recordAttempt(store.db, anAttempt(delivery, { nextInMs: null }));

		const past = { until: new Date(Date.now() - 1_800_000) };
		const counts = [
			await countReplay(store.db, queryFor(endpoint, past)),
			await countReplay(
				store.db,
				queryFor(endpoint, { states: ["delivered"] }),
			),
			await countReplay(
				store.db,
				queryFor(endpoint, { states: ["exhausted"] }),
			),
			await countReplay(store.db, queryFor(endpoint)),
		];
		await begin(queryFor(endpoint, { states: ["exhausted"] }));
		await stepAll();
		const [again] = await claimDueDeliveries(store.db, "w", 10);

		expect([first, underWay]).toEqual([1, 0]);
		expect(counts).toEqual([0, 0, 1, 2]);
		expect(again).toMatchObject({ id: delivery.id, attempt: 2, step: 1 });
	});

	it("goes on where it was after a pause, and not after a cancel", async () => {
		const endpoint = await anEndpoint(store);
		await pastEvents(450);
		const own = {
			tenantId: store.tenantId,
			id: (await begin(queryFor(endpoint))).id,
		};
		await stepReplay(store.db);

		await moveReplay(store.db, own, "paused");
		const whilePaused = await stepReplay(store.db);
		await moveReplay(store.db, own, "running");
		await stepReplay(store.db);
		await moveReplay(store.db, own, "cancelled");
		const afterCancel = await stepReplay(store.db);

		expect([whilePaused, afterCancel]).toEqual([0, 0]);
		expect(await countDue()).toBe(400);
		expect(await reread(own.id)).toMatchObject({
			state: "cancelled",
			sent: 400,
			finished_at: expect.any(Date),
		});
		expect(await moveReplay(store.db, own, "running")).toBeNull();
	});

	it("is walked by several workers at once, and sends each event once", async () => {
		const endpoint = await anEndpoint(store);
		await pastEvents(700);
		const { id } = await begin(queryFor(endpoint));

		await Promise.all(Array.from({ length: 6 }, stepAll));
		await stepAll();

		expect(await countDue()).toBe(700);
		expect(await reread(id)).toMatchObject({ state: "finished", sent: 700 });
	});

	it("waits while its endpoint is disabled or has much to do, and ends when it is deleted", async () => {
		const endpoint = await anEndpoint(store);
		const own = { tenantId: store.tenantId, id: endpoint.id };
		await pastEvents(1_250);
		const { id } = await begin(queryFor(endpoint));
		await updateEndpoint(store.db, own, { disabled: true });

		const disabled = await stepAll();
		await updateEndpoint(store.db, own, { disabled: false });
		const open = await stepAll();
		const due = await countDue();
		await deleteEndpoint(store.db, store.tenantId, endpoint.id);
		await stepAll();

		expect([disabled, open, due]).toEqual([0, 5, 1_000]);
		expect(await reread(id)).toMatchObject({ state: "cancelled" });
	});
});
