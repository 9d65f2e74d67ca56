import { createMemoryLog } from "@reelay/shared/testing/log";
import { lockRow } from "@reelay/shared/testing/row-lock";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, expect, it } from "vitest";
import { watchTransactions } from "./watch-transactions.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

it("warns of a transaction from the given age on, and of none before", async () => {
	const lock = await lockRow(store.url, { table: "governor", id: "see2ai" });
	const log = createMemoryLog();
	const look = (longS: number) =>
		watchTransactions({ db: store.db, logger: log.logger, longS }).pass();

	await look(3_600);
	const young = log.lines("database.longTransaction");
	await look(0);
	const old = log.lines("database.longTransaction");
	await lock.release();

	expect(young).toEqual([]);
	expect(old).toMatchObject([
		{ level: "warn", kind: "session", state: "idle in transaction", age_s: 0 },
	]);
});
