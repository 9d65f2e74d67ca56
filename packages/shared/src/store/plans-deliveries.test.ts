import { afterAll, beforeAll, expect, it } from "vitest";
import { anEndpoint } from "../testing/factories.ts";
import { aLongHistory, rowsRead } from "../testing/long-history.ts";
import { anAttempt } from "../testing/reports.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { recordAttempts } from "./attempts.ts";
import { claimDueDeliveries } from "./deliveries.ts";

const atOnce = 20;

let store: TestStore;
let endpoints: string[];
beforeAll(async () => {
	store = await openTestStore({ poolSize: 1 });
	await aLongHistory(store);
	endpoints = [];
	for (let n = 0; n < 3; n += 1) {
		const { id } = await anEndpoint(store, { concurrency: 100 });
		endpoints.push(id);
	}
});
afterAll(() => store.close());

/** So many deliveries that are due, of which the planner's statistics know nothing, in lanes of their own. */
const owe = (count: number) => store.db.$executeRaw`
	with event_born as (
		insert into event (id, tenant_id, type, snapshot)
		select new_id('evt'), ${store.tenantId}, 'video.failed', '{}' from generate_series(1, ${count}::int) returning id),
	numbered as (select id, row_number() over () as n from event_born)
	insert into delivery (id, event_id, tenant_id, endpoint_id, url, lane)
	select new_id('dlv'), numbered.id, ${store.tenantId}, endpoint.id, endpoint.url, endpoint.id
	from numbered join endpoint on endpoint.id = (${endpoints}::text[])[1 + n % ${endpoints.length}::int]`;
async function readOf(run: () => Promise<unknown>): Promise<number> {
	const before = await rowsRead(store, "delivery");
	await run();
	return (await rowsRead(store, "delivery")) - before;
}
/** Claims and ends as many as there are places, often enough that Postgres keeps a plan. */
async function countReads() {
	const reads = { claims: 0, ends: 0 };
	for (let n = 0; n < 8; n += 1) {
		const claimed = await claimDueDeliveries(store.db, "w", atOnce);
		const ends = claimed.map((one) =>
			anAttempt(one, { outcome: "delivered", nextInMs: null }),
		);
		reads.ends += await readOf(() => recordAttempts(store.db, ends));
		reads.claims += await readOf(() =>
			claimDueDeliveries(store.db, "w", atOnce),
		);
		await store.db.$executeRaw`
			update delivery set due_at = now(), lease_owner = null where lease_owner is not null`;
	}
	return { claims: reads.claims / 8, ends: reads.ends / 8 };
}

it.each(["that the statistics do not know yet", "that the statistics know"])(
	"claiming and ending attempts reads their rows alone, beside a backlog of a few lanes %s",
	async (known) => {
		await owe(1_500);
		if (known === "that the statistics know") {
			await store.db.$executeRaw`analyze`;
		}

		const { claims, ends } = await countReads();
		expect(ends).toBeLessThan(atOnce * 20);
		expect(claims).toBeLessThan(atOnce * 40);
	},
);
