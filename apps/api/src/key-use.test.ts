import { randomBytes } from "node:crypto";
import { findKey, insertKey, newKeyId } from "@reelay/shared/store/keys";
import { eventually } from "@reelay/shared/testing/eventually";
import { createGate } from "@reelay/shared/testing/gate";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { watchDatabase } from "@reelay/shared/testing/watch-database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createKeyUse } from "./key-use.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

async function aKeyId(): Promise<string> {
	const { id } = await insertKey(store.db, {
		id: await newKeyId(store.db),
		tenantId: store.tenantId,
		name: "test",
		prefix: "rl_abcde",
		hash: randomBytes(32),
		scopes: ["jobs:read"],
		expiresAt: null,
		createdBy: null,
	});
	return id;
}

const lastUse = async (id: string) =>
	(await findKey(store.db, store.tenantId, id))?.last_used_at ?? null;

/** With a clock that stands still, statements that are counted, and no timer that matters. */
function setUse(onStatement: () => void | Promise<void> = () => {}) {
	const clock = { time: 1_000_000, now: () => clock.time };
	const failures: unknown[] = [];
	let statements = 0;
	const keyUse = createKeyUse({
		db: watchDatabase(store.db, () => {
			statements += 1;
			return onStatement();
		}),
		clock,
		onFailure: (error) => failures.push(error),
		everyMs: 3_600_000,
	});
	return { keyUse, clock, failures, statements: () => statements };
}

it("writes however many uses of however many keys in one statement, and each with its own time", async () => {
	const { keyUse, clock, statements } = setUse();
	const [early, late] = [await aKeyId(), await aKeyId()];

	for (let n = 0; n < 100; n += 1) keyUse.touch(early);
	clock.time += 50_000;
	keyUse.touch(late);
	await keyUse.flush();

	expect(statements()).toBe(1);
	const between = Number(await lastUse(late)) - Number(await lastUse(early));
	expect(between).toBe(50_000);
});

it("writes a busy key once a minute, and a key that was quiet at once", async () => {
	const { keyUse, clock, statements } = setUse();
	const [busy, quiet] = [await aKeyId(), await aKeyId()];

	for (let n = 0; n < 12; n += 1) {
		keyUse.touch(busy);
		await keyUse.flush();
		clock.time += 5_000;
	}
	const inTheFirstMinute = statements();
	keyUse.touch(busy);
	keyUse.touch(quiet);
	await keyUse.flush();

	expect([inTheFirstMinute, statements()]).toEqual([1, 2]);
	expect(await lastUse(quiet)).not.toBeNull();
});

it("keeps nobody waiting: a use is taken while a write is under way, and is written next", async () => {
	const gate = createGate();
	const { keyUse, statements } = setUse(() => gate.wait());
	const [one, other] = [await aKeyId(), await aKeyId()];
	keyUse.touch(one);

	const first = keyUse.flush();
	await gate.reached;
	keyUse.touch(other);
	const second = keyUse.flush();
	gate.open();
	await Promise.all([first, second]);

	expect(statements()).toBe(2);
	expect(await lastUse(other)).not.toBeNull();
});

it("tells of a write that failed, and writes it the next time", async () => {
	let isBroken = true;
	const { keyUse, failures } = setUse(() => {
		if (isBroken) throw new Error("the database is away");
	});
	const id = await aKeyId();
	keyUse.touch(id);

	await keyUse.flush();
	isBroken = false;
	const before = await lastUse(id);
	await keyUse.flush();

	expect(failures).toHaveLength(1);
	expect(before).toBeNull();
	expect(await lastUse(id)).not.toBeNull();
});

it("writes what is left when it is closed, also of a key that was written a moment ago", async () => {
	const { keyUse, clock, statements } = setUse();
	const id = await aKeyId();
	keyUse.touch(id);
	await keyUse.flush();
	const first = await lastUse(id);
	clock.time += 40_000;
	await store.db.$executeRaw`
		update api_key set last_used_at = last_used_at - interval '40 s' where id = ${id}`;

	keyUse.touch(id);
	await keyUse.close();

	expect(statements()).toBe(2);
	expect(Number(await lastUse(id))).toBeGreaterThanOrEqual(Number(first));
});

it("flushes by itself while something is to be written", async () => {
	const keyUse = createKeyUse({
		db: store.db,
		onFailure: () => {},
		everyMs: 5,
	});
	const id = await aKeyId();

	keyUse.touch(id);

	await eventually(async () => expect(await lastUse(id)).not.toBeNull());
	await keyUse.close();
});
