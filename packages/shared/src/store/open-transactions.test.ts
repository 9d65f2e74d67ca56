import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { listOldestTransactions } from "./open-transactions.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

async function open(name: string): Promise<pg.Client> {
	const client = new pg.Client({
		connectionString: store.url,
		application_name: name,
	});
	await client.connect();
	await client.query("begin");
	return client;
}

it("names the session whose transaction has been open for longest, until it ends", async () => {
	const before = await listOldestTransactions(store.db);
	const older = await open("a report");
	const younger = await open("another report");

	const during = await listOldestTransactions(store.db);
	await older.end();
	await younger.end();

	expect(before).toEqual([]);
	expect(during).toEqual([
		{
			kind: "session",
			age_s: expect.any(Number),
			pid: expect.any(Number),
			application: "a report",
			state: "idle in transaction",
		},
	]);
	expect(during[0]?.age_s).toBeGreaterThan(0);
});
