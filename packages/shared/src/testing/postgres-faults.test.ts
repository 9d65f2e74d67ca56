import pg from "pg";
import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import { openDatabase } from "../store/database.ts";
import { createTestDatabase } from "./database.ts";
import { createGate } from "./gate.ts";
import { type PostgresFaults, startPostgresFaults } from "./postgres-faults.ts";

const database = await createTestDatabase();
afterAll(() => database.drop());

let faults: PostgresFaults;
let client: pg.Client;
beforeEach(async () => {
	faults = await startPostgresFaults(database.url);
	client = new pg.Client({
		connectionString: faults.url,
		application_name: "reelay-test",
	});
	client.on("error", () => {});
	await client.connect();
});
afterEach(async () => {
	faults.decide(null);
	await client.end().catch(() => {});
	await faults.close();
});

const addTenant = (name: string, asked: pg.Client = client) =>
	asked.query("insert into tenant (id, name) values ('ten_' || $1, $1)", [
		name,
	]);
async function isWritten(name: string): Promise<boolean> {
	const witness = new pg.Client(database.url);
	await witness.connect();
	const { rowCount } = await witness.query(
		"select from tenant where name = $1",
		[name],
	);
	await witness.end();
	return rowCount === 1;
}

it("hands on what it is not told to break, and tells whose statement it is", async () => {
	const seen: string[] = [];
	faults.decide(({ sql, application }) => {
		seen.push(`${application}: ${sql}`);
		return null;
	});

	const simple = await client.query("select 1 as one");
	const large = await client.query(
		"select repeat('x', $1::int) as text",
		[1_000_000],
	);

	expect(simple.rows).toEqual([{ one: 1 }]);
	expect(large.rows[0].text).toHaveLength(1_000_000);
	expect(seen).toEqual([
		"reelay-test: select 1 as one",
		"reelay-test: select repeat('x', $1::int) as text",
	]);
});

it("refuses a statement that the server never sees, and serves the next on the same connection", async () => {
	faults.decide(({ sql }) =>
		sql.includes("insert") ? { when: "refused", sqlState: "40P01" } : null,
	);

	const refused = addTenant("refused");

	await expect(refused).rejects.toMatchObject({
		code: "40P01",
		message: "deadlock detected",
	});
	expect((await client.query("select 2 as two")).rows).toEqual([{ two: 2 }]);
	expect(await isWritten("refused")).toBe(false);
});

it("lets a statement be committed, and tells the client that it was not", async () => {
	const fired: string[] = [];
	faults.decide(() => ({
		when: "executed",
		sqlState: "57014",
		onFired: () => void fired.push("57014"),
	}));

	const timedOut = addTenant("executed");

	await expect(timedOut).rejects.toMatchObject({ code: "57014" });
	expect(await isWritten("executed")).toBe(true);
	expect(fired).toEqual(["57014"]);
});

it("cuts the connection once the statement is committed", async () => {
	faults.decide(() => ({ when: "executed", sqlState: "cut" }));

	const cut = addTenant("cut");

	await expect(cut).rejects.toThrow();
	expect(await isWritten("cut")).toBe(true);
});

it("leaves an answer alone that does not count, with all its rows", async () => {
	faults.decide(() => ({
		when: "executed",
		sqlState: "57014",
		unless: ({ tag, rows }) => tag === "SELECT 1" && rows[0]?.[0] === "0",
	}));

	const nothing = await client.query("select 0 as repaired, null as text");
	const something = client.query("select 1 as repaired");

	expect(nothing.rows).toEqual([{ repaired: 0, text: null }]);
	await expect(something).rejects.toMatchObject({ code: "57014" });
});

it("leaves a statement that fails by itself, and those in a transaction, as they are", async () => {
	faults.decide(() => ({ when: "executed", sqlState: "57014" }));

	const broken = client.query("select * from nothing");
	await expect(broken).rejects.toMatchObject({ code: "42P01" });
	await client.query("begin");
	await addTenant("inside");
	await client.query("rollback");

	expect(await isWritten("inside")).toBe(false);
});

it("knows a prepared statement again by its name", async () => {
	const query = { name: "by-name", text: "select $1::text as said" };
	await client.query({ ...query, values: ["first"] });
	faults.decide(({ sql }) =>
		sql === query.text ? { when: "refused", sqlState: "40001" } : null,
	);

	const again = client.query({ ...query, values: ["second"] });

	await expect(again).rejects.toMatchObject({ code: "40001" });
});

it("holds a statement back until it is told, and no other connection", async () => {
	const gate = createGate();
	faults.decide(async ({ sql }) => {
		if (sql.includes("slow")) await gate.wait();
		return null;
	});
	let isAnswered = false;
	const slow = client.query("select 'slow' as speed").finally(() => {
		isAnswered = true;
	});
	await gate.reached;
	const other = new pg.Client(faults.url);
	await other.connect();

	await other.query("select 1");
	const wasAnsweredEarly = isAnswered;
	gate.open();

	expect((await slow).rows).toEqual([{ speed: "slow" }]);
	expect(wasAnsweredEarly).toBe(false);
	await other.end();
});

it("breaks what the store sends, one statement for one exchange", async () => {
	const opened = await openDatabase({
		url: faults.url,
		applicationName: "reelay-store",
		poolSize: 2,
	});
	faults.decide(({ application }) =>
		application === "reelay-store"
			? { when: "executed", sqlState: "57014" }
			: null,
	);

	const timedOut = opened.db
		.$executeRaw`insert into tenant (id, name) values (${"ten_store"}, ${"store"})`;

	await expect(timedOut).rejects.toMatchObject({
		meta: { driverAdapterError: { cause: { originalCode: "57014" } } },
	});
	expect(await isWritten("store")).toBe(true);
	await opened.close();
});
