import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ageJobs, anOldJob, deliverAll, keepS } from "../testing/aged.ts";
import { findViolations } from "../testing/audit.ts";
import { eventually } from "../testing/eventually.ts";
import { aJob, anEndpoint, aTenant } from "../testing/factories.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { insertTestEvent } from "./delivery-log.ts";
import {
	type feedStart,
	findFeedPlace,
	listFeed,
	wasFeedShortened,
} from "./event-feed.ts";
import { pruneEvents } from "./prune-events.ts";
import { pruneJobs } from "./prune-jobs.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	await clearTestStore(store);
});
afterAll(() => store.close());

const webhookUrl = "https://example.com/hook";
const prune = () => pruneEvents(store.db, { afterId: "", keepS });
const eventIds = async () => {
	const rows = await store.db.$queryRaw<{ id: string }[]>`
		select id from event order by position, id`;
	return rows.map(({ id }) => id);
};
const place = (id: string | undefined, tenantId = store.tenantId) =>
	findFeedPlace(store.db, tenantId, String(id));

/** So many jobs of forty days ago, each with its event, in the order of the feed. */
async function oldEvents(count: number): Promise<string[]> {
	for (let n = 0; n < count; n += 1) await anOldJob(store, { webhookUrl });
	return eventIds();
}

describe("pruneEvents", () => {
	it("removes old events with their deliveries and attempts, and leaves their jobs", async () => {
		await oldEvents(2);
		await aJob(store, { state: "failed", webhookUrl });

		const { rows } = await prune();

		const [left] = await store.db.$queryRaw<unknown[]>`
			select (select count(*)::int from job) as jobs, (select count(*)::int from event) as events,
				(select count(*)::int from delivery) as deliveries, (select count(*)::int from attempt) as attempts`;
		expect(rows).toEqual({ event: 2, delivery: 2, attempt: 2 });
		expect(left).toEqual({ jobs: 3, events: 1, deliveries: 1, attempts: 0 });
	});

	it("leaves an event while its job is live, and while one of its deliveries waits or is held", async () => {
		const live = await aJob(store, { state: "rendering" });
		await store.db.$executeRaw`
			insert into event (id, tenant_id, job_id, type, snapshot)
			values (new_id('evt'), ${store.tenantId}, ${live.id}, 'video.rendering', '{}')`;
		const waiting = await aJob(store, { state: "failed", webhookUrl });
		const held = await aJob(store, { state: "failed", webhookUrl });
		await ageJobs(store.db, [live.id, waiting.id, held.id], 40);
		await store.db.$executeRaw`
			update delivery set state = 'held', due_at = null
			where event_id in (select id from event where job_id = ${held.id})`;

		const before = await prune();
		await deliverAll(store.db);
		const after = await prune();

		expect([before.rows.event, after.rows.event]).toEqual([0, 2]);
		expect(await eventIds()).toHaveLength(1);
	});

	it("leaves what an open replay may send", async () => {
		const { id } = await anEndpoint(store);
		await oldEvents(1);
		await store.db.$executeRaw`
			insert into replay (id, tenant_id, endpoint_id, types, states, since, until, after_id, total, state)
			values (new_id('rpl'), ${store.tenantId}, ${id}, '{}', '{}', now() - interval '50 days', now(), '', 0, 'paused')`;

		const during = await prune();
		await store.db
			.$executeRaw`update replay set state = 'finished', finished_at = now()`;
		const after = await prune();

		expect([during.rows.event, after.rows.event]).toEqual([0, 1]);
	});

	it("leaves what somebody holds, and waits for nobody", async () => {
		await oldEvents(2);
		const [first] = await store.db.$queryRaw<
			{ id: string }[]
		>`select id from delivery order by id`;
		const lock = await lockRow(store.url, {
			table: "delivery",
			id: String(first?.id),
		});

		const during = await prune();
		await lock.release();

		expect([during.rows.event, (await prune()).rows.event]).toEqual([1, 1]);
	});

	it("looks at two hundred in a statement, and goes on behind them", async () => {
		await store.db.$executeRaw`
			insert into event (id, tenant_id, type, snapshot, created_at)
			select new_id('evt'), ${store.tenantId}, 'video.failed', '{}', now() - interval '40 days'
			from generate_series(1, 450)`;

		const counts = [];
		for (let afterId: string | null = ""; afterId !== null; ) {
			const step = await pruneEvents(store.db, { afterId, keepS });
			counts.push(step.rows.event);
			afterId = step.lastId;
		}

		expect(counts).toEqual([200, 200, 50]);
	});
});

describe("the feed of which events were removed", () => {
	it("goes on behind the last one that was removed, and tells whoever was not so far", async () => {
		const ids = await oldEvents(3);
		await prune();
		await aJob(store, { state: "failed" });

		const [first, second, last] = await Promise.all(ids.map((id) => place(id)));

		expect([first, second]).toEqual(["removed", "removed"]);
		// The feed shows what no transaction of the whole server can come before any more.
		await eventually(async () => {
			const rest = await listFeed(store.db, {
				tenantId: store.tenantId,
				after: last as typeof feedStart,
				types: [],
				limit: 10,
			});
			expect(rest).toHaveLength(1);
		});
	});

	it("tells whoever stands at an event that is kept when one behind it was removed", async () => {
		const [, second, third] = await oldEvents(3);
		await store.db.$executeRaw`
			update delivery set state = 'held', due_at = null, finished_at = null where event_id = ${second}`;
		await prune();

		expect(await eventIds()).toEqual([second]);
		expect(await place(second)).toBe("removed");
		expect(await place(third)).toMatchObject({ id: third });
	});

	it("tells it also where events went with their jobs", async () => {
		const [first, second] = await oldEvents(2);

		await pruneJobs(store.db, { afterId: "", keepS });

		expect(await place(first)).toBe("removed");
		expect(await place(second)).toMatchObject({ id: second });
		expect(await wasFeedShortened(store.db, store.tenantId)).toBe(true);
	});

	it("knows nothing of another tenant's, and is not shortened by a test of an endpoint", async () => {
		const [old] = await oldEvents(1);
		const stranger = await aTenant(store);
		const { id: endpointId } = await anEndpoint(store);
		await prune();
		const { tenantId } = store;
		await insertTestEvent(store.db, {
			...{ tenantId, endpointId, type: "video.failed", data: {} },
		});
		await deliverAll(store.db);
		await store.db
			.$executeRaw`update event set created_at = now() - interval '40 days'`;
		const { rows } = await prune();

		expect(rows.event).toBe(1);
		expect(await place(old)).toMatchObject({ id: old });
		expect(await place(old, stranger)).toBeNull();
		expect(await wasFeedShortened(store.db, stranger)).toBe(false);
	});
});
