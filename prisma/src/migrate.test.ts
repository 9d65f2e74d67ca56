import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { applyMigrations, listPendingMigrations } from "./migrate.ts";
import { readMigrations } from "./migration-folder.ts";
import {
	createEmptyDatabase,
	type EmptyDatabase,
} from "./testing/empty-database.ts";

let database: EmptyDatabase;
let folder: string;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), "reelay-migrations-"));
	database = await createEmptyDatabase(inject("postgresAdminUrl"));
});

afterEach(async () => {
	await database.drop();
	rmSync(folder, { recursive: true });
});

function writeMigration(name: string, sql: string): void {
	mkdirSync(join(folder, name), { recursive: true });
	writeFileSync(join(folder, name, "migration.sql"), sql);
}

async function listTables(): Promise<string[]> {
	const rows = await database.query<{ name: string }>(
		`select table_name as name from information_schema.tables
		  where table_schema = 'public' order by 1`,
	);
	return rows.map((row) => row.name);
}

/** Returns when somebody waits for a table that this client has locked. */
async function untilWaiting(client: pg.Client): Promise<void> {
	for (let tries = 0; tries < 1_000; tries += 1) {
		const { rows } = await client.query(
			"select from pg_locks where relation = 'pear'::regclass and not granted",
		);
		if (rows.length > 0) return;
	}
	throw new Error("nobody waits");
}

describe("applyMigrations", () => {
	it("applies what is missing, in order, and nothing twice", async () => {
		writeMigration("2_pears", "alter table apple add column pear int");
		writeMigration("1_apples", "create table apple (id int)");
		const first = await applyMigrations({ url: database.url, folder });
		writeMigration("3_plums", "create table plum (id int)");

		const second = await applyMigrations({ url: database.url, folder });

		expect(first.applied).toEqual(["1_apples", "2_pears"]);
		expect(second.applied).toEqual(["3_plums"]);
		expect(await listTables()).toEqual(["_prisma_migrations", "apple", "plum"]);
	});

	it("applies each migration once when several processes start together", async () => {
		writeMigration("1_apples", "create table apple (id int)");

		const runs = await Promise.all(
			[1, 2, 3].map(() => applyMigrations({ url: database.url, folder })),
		);

		const applied = runs.flatMap((run) => run.applied);
		expect(applied).toEqual(["1_apples"]);
	});

	it("applies migration.sql alone, whatever lies beside it", async () => {
		writeMigration("1_apples", "create table apple (id int)");
		writeFileSync(join(folder, "1_apples", "down.sql"), "drop table apple");

		const { applied } = await applyMigrations({ url: database.url, folder });

		expect(applied).toEqual(["1_apples"]);
		expect(await listTables()).toContain("apple");
	});

	it("undoes the whole of a migration that fails, keeps those before it, and names the line", async () => {
		writeMigration("1_apples", "create table apple (id int)");
		writeMigration("2_broken", "create table pear (id int);\nselect nonsense;");

		const run = applyMigrations({ url: database.url, folder });

		await expect(run).rejects.toThrow(
			/2_broken failed and was undone: .*nonsense.*\(line 2\)/,
		);
		expect(await listTables()).toEqual(["_prisma_migrations", "apple"]);
		expect(await listPendingMigrations({ url: database.url, folder })).toEqual([
			"2_broken",
		]);
	});

	it("tries again when a running process and it wait for each other", async () => {
		writeMigration("1_fruit", "create table apple (); create table pear ();");
		await applyMigrations({ url: database.url, folder });
		writeMigration(
			"2_ids",
			"alter table apple add id int; alter table pear add id int;",
		);
		const other = new pg.Client({ connectionString: database.url });
		await other.connect();
		// Whoever has waited that long is undone: the migration, which waits first.
		await other.query(
			`alter database ${other.database} set deadlock_timeout = '2s'`,
		);
		await other.query("set deadlock_timeout = '1min'");
		await other.query("begin; lock table pear in access share mode");

		const run = applyMigrations({ url: database.url, folder });
		await untilWaiting(other);
		await other.query("lock table apple in access share mode");
		await other.query("commit");
		await other.end();

		expect(await run).toEqual({ applied: ["2_ids"] });
	});

	it("refuses to go on when an applied migration was edited", async () => {
		writeMigration("1_apples", "create table apple (id int)");
		await applyMigrations({ url: database.url, folder });
		writeMigration("1_apples", "create table apple (id bigint)");
		writeMigration("2_pears", "create table pear (id int)");

		const run = applyMigrations({ url: database.url, folder });

		await expect(run).rejects.toThrow("1_apples was edited");
		expect(await listTables()).not.toContain("pear");
	});

	it("goes on where an earlier text of a migration was applied that its folder names", async () => {
		writeMigration("1_apples", "create table apple (id int)");
		await applyMigrations({ url: database.url, folder });
		const [applied] = await readMigrations(folder);
		writeMigration("1_apples", "create table apple (id bigint)");
		writeMigration("2_pears", "create table pear (id int)");
		writeFileSync(
			join(folder, "1_apples", "former-checksums.txt"),
			`# why\n${applied?.checksum}\n`,
		);

		const run = await applyMigrations({ url: database.url, folder });

		expect(run).toEqual({ applied: ["2_pears"] });
	});

	it("refuses a database that another tool left in the middle of a migration", async () => {
		writeMigration("1_apples", "create table apple (id int)");
		await applyMigrations({ url: database.url, folder });
		await database.query("update _prisma_migrations set finished_at = null");

		const run = applyMigrations({ url: database.url, folder });

		await expect(run).rejects.toThrow("1_apples was started by another tool");
	});

	it("says so when the database does not answer", async () => {
		const url = "postgresql://nobody@127.0.0.1:1/none";

		const run = applyMigrations({ url, folder, waitMs: 0 });

		await expect(run).rejects.toThrow("did not answer within 0 s");
	});
});

describe("listPendingMigrations", () => {
	it("names everything for an empty database, without writing to it", async () => {
		writeMigration("1_apples", "create table apple (id int)");

		const pending = await listPendingMigrations({ url: database.url, folder });

		expect(pending).toEqual(["1_apples"]);
		expect(await listTables()).toEqual([]);
	});

	it("does not mind a migration of a newer release", async () => {
		writeMigration("1_apples", "create table apple (id int)");
		writeMigration("2_newer", "create table newer (id int)");
		await applyMigrations({ url: database.url, folder });
		rmSync(join(folder, "2_newer"), { recursive: true });

		const pending = await listPendingMigrations({ url: database.url, folder });

		expect(pending).toEqual([]);
	});
});
