import pg from "pg";
import { afterAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { createTestDatabase } from "../testing/database.ts";
import { startPostgresFaults } from "../testing/postgres-faults.ts";
import { startProxy } from "../testing/proxy.ts";
import { openTestStore } from "../testing/store.ts";
import {
	isDatabaseUnavailable,
	isStatementGivenUp,
	openDatabase,
} from "./database.ts";

const database = await createTestDatabase();
afterAll(() => database.drop());

const open = async (url: string, poolSize = 1) => {
	const opened = await openDatabase({
		url,
		applicationName: "reelay-test",
		poolSize,
	});
	onTestFinished(() => opened.close());
	return opened;
};
const errorOf = (promise: Promise<unknown>) =>
	promise.then(
		() => {
			throw new Error("nothing failed");
		},
		(error: unknown) => error,
	);

describe("openDatabase", () => {
	it("refuses a database that lacks a migration, with the command to run", async () => {
		const admin = new pg.Client(inject("postgresAdminUrl"));
		await admin.connect();
		await admin.query("create database bare");
		const url = new URL(inject("postgresAdminUrl"));
		url.pathname = "/bare";

		const refused = errorOf(open(url.href));

		expect(String(await refused)).toContain("npm run db:migrate");
		await admin.query("drop database bare with (force)");
		await admin.end();
	});

	it("waits for a database that does not answer yet", async () => {
		const network = await startProxy(database.url);
		onTestFinished(() => network.close());
		network.cut();
		const opening = open(network.url);
		// By when somebody who came later was refused, it was refused as well.
		await errorOf(new pg.Client(network.url).connect());

		network.restore();

		expect(await (await opening).check()).toBeNull();
	});

	it("says whether Postgres answers, and may be closed twice", async () => {
		const network = await startProxy(database.url);
		const { check, close } = await open(network.url);

		const before = await check();
		network.cut();
		const during = await check();
		network.restore();
		const after = await check();
		await close();
		await close();
		await network.close();

		expect([before, during, after]).toEqual([
			null,
			"Postgres does not answer",
			null,
		]);
	});
});

describe("isDatabaseUnavailable", () => {
	it("is true of a database that cannot be reached", async () => {
		const network = await startProxy(database.url);
		const { db } = await open(network.url);
		network.cut();

		const error = await errorOf(db.$queryRaw`select 1`);
		await network.close();

		expect(isDatabaseUnavailable(error)).toBe(true);
	});

	it("is true of a statement whose connection was lost under it", async () => {
		const network = await startProxy(database.url);
		const { db } = await open(network.url);
		await db.$queryRaw`select 1`;

		const failed = errorOf(db.$queryRaw`select pg_sleep(30)::text`);
		network.cut();
		await network.close();

		expect(isDatabaseUnavailable(await failed)).toBe(true);
	});

	it("is true of a connection that the server ended", async () => {
		const { db } = await open(database.url);

		const error = await errorOf(
			db.$queryRaw`select pg_terminate_backend(pg_backend_pid())`,
		);

		expect(isDatabaseUnavailable(error)).toBe(true);
	});

	it("is false of a statement that will fail again", async () => {
		const store = await openTestStore();
		onTestFinished(() => store.close());

		const broken = await errorOf(store.db.$queryRaw`select * from nothing`);
		const refused = await errorOf(
			store.db
				.$executeRaw`insert into tenant (id, name) select id, name from tenant`,
		);

		expect([broken, refused].map(isDatabaseUnavailable)).toEqual([
			false,
			false,
		]);
	});

	it.each([
		[null],
		[undefined],
		["ECONNREFUSED"],
		[new Error("no")],
		[{ code: "P2002" }],
	])("is false of %s", (error) => {
		expect(isDatabaseUnavailable(error)).toBe(false);
	});

	it("finds the cause behind other errors", () => {
		const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });

		expect(isDatabaseUnavailable(new Error("outer", { cause }))).toBe(true);
	});
});

describe("isStatementGivenUp", () => {
	it.each(["57014", "40P01", "40001"])(
		"is true of a statement that Postgres gave up with %s, although the database is there",
		async (sqlState) => {
			const faults = await startPostgresFaults(database.url);
			onTestFinished(() => faults.close());
			const { db } = await open(faults.url);
			faults.decide(() => ({ when: "refused", sqlState }));

			const error = await errorOf(db.$queryRaw`select 1`);

			expect(isStatementGivenUp(error)).toBe(true);
			expect(isDatabaseUnavailable(error)).toBe(false);
		},
	);

	it("is false of a database that cannot be reached", async () => {
		const network = await startProxy(database.url);
		const { db } = await open(network.url);
		network.cut();

		const error = await errorOf(db.$queryRaw`select 1`);
		await network.close();

		expect(isStatementGivenUp(error)).toBe(false);
	});

	it("is false of a statement that will fail again", async () => {
		const { db } = await open(database.url);

		const error = await errorOf(db.$queryRaw`select * from nothing`);

		expect(isStatementGivenUp(error)).toBe(false);
	});
});
