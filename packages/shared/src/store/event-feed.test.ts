import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { eventually } from "../testing/eventually.ts";
import { aJob } from "../testing/factories.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import {
	ensureEventClock,
	feedStart,
	findFeedPlace,
	listFeed,
} from "./event-feed.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const anEvent = () => aJob(store, { state: "failed" });
/** All of the feed, once so many are in it: whoever else writes in this cluster holds it up for a moment. */
const readAll = (count: number, afterId: string | null = null) =>
	eventually(async () => {
		const events = await read(afterId);
		expect(events).toHaveLength(count);
		return events;
	});
async function read(afterId: string | null = null) {
	const { db, tenantId } = store;
	const behind =
		afterId === null ? null : await findFeedPlace(db, tenantId, afterId);
	if (behind === "removed") throw new Error("events have been removed");
	const after = behind ?? feedStart;
	const query = { tenantId, after, types: [], limit: 100 };
	return (await listFeed(db, query)).map(({ id, job_id }) => ({ id, job_id }));
}

it("shows no event before one that may still be committed ahead of it, and then both", async () => {
	const slow = new pg.Client({ connectionString: store.url });
	await slow.connect();
	const before = await anEvent();
	await slow.query("begin");
	await slow.query(
		`insert into event (id, tenant_id, type, snapshot) values (new_id('evt'), $1, 'video.failed', '{}')`,
		[store.tenantId],
	);
	const after = await anEvent();

	const during = await readAll(1);
	await slow.query("commit");
	await slow.end();
	const rest = await readAll(2, during.at(-1)?.id);

	expect(during.map(({ job_id }) => job_id)).toEqual([before.id]);
	expect(rest.map(({ job_id }) => job_id)).toEqual([null, after.id]);
});

it("goes on behind what a restored dump holds, whose transactions had higher numbers", async () => {
	await anEvent();
	await store.db.$executeRaw`update event set position = position + 1000000`;
	const hidden = await read();

	const moved = await ensureEventClock(store.db);
	const again = await ensureEventClock(store.db);
	const later = await anEvent();

	expect(hidden).toEqual([]);
	expect([moved, again]).toEqual([true, false]);
	const all = await readAll(2);
	expect(all.at(-1)?.job_id).toBe(later.id);
});
