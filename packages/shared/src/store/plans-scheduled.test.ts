import { afterAll, beforeAll, expect, it } from "vitest";
import { claimOne } from "../testing/claims.ts";
import {
	aLongHistory,
	queueUp,
	rowsRead,
	scheduleMany,
} from "../testing/long-history.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 1 });
	await aLongHistory(store);
});
afterAll(() => store.close());

// The index of what may be claimed looks dear then, and the one that holds what is scheduled as well looks cheap.
it("a claim reads past none of the jobs that wait for their time, after a long queue has left its index large and empty", async () => {
	await queueUp(store, 6_000);
	await store.db.$executeRaw`
		update job set state = 'expired', live = false, ready = false, error = '{}', finished_at = now() where ready`;
	await store.db.$executeRaw`
		insert into tenant (id, name) select 'ten_' || n, 'tenant ' || n from generate_series(0, 15) as n`;
	await store.db.$executeRaw`
		update job set tenant_id = 'ten_' || (hashtext(id) & 15) where not live`;
	await scheduleMany(store, 300);
	await queueUp(store, 20);
	await store.db.$executeRaw`vacuum analyze job`;
	await scheduleMany(store, 3_000);
	await claimOne(store.db, "w");
	const before = await rowsRead(store);

	await claimOne(store.db, "w");

	expect((await rowsRead(store)) - before).toBeLessThan(200);
});
