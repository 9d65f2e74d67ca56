import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { applyMigrations, listPendingMigrations } from "./migrate.ts";
import { readMigrations, shippedMigrations } from "./migration-folder.ts";
import { dumpSchema } from "./testing/dump-schema.ts";
import {
	createEmptyDatabase,
	type EmptyDatabase,
} from "./testing/empty-database.ts";

const migrations = await readMigrations(shippedMigrations);
const names = migrations.map(({ name }) => name);
const undoOf = (name: string) => join(shippedMigrations, name, "down.sql");

let database: EmptyDatabase;
let fresh: EmptyDatabase;

beforeEach(async () => {
	database = await createEmptyDatabase(inject("postgresAdminUrl"));
	fresh = await createEmptyDatabase(inject("postgresAdminUrl"));
});

afterEach(async () => {
	await database?.drop();
	await fresh?.drop();
});

describe("down.sql", () => {
	it.each(names)("is there for %s", (name) => {
		expect(existsSync(undoOf(name))).toBe(true);
	});

	it("leads back to the schema before its migration, which then applies again to the same end", async () => {
		const before = [await dumpSchema(fresh)];
		for (const { sql } of migrations) {
			await fresh.query(sql);
			before.push(await dumpSchema(fresh));
		}
		await applyMigrations({ url: database.url });

		for (const [n, name] of [...names.entries()].reverse()) {
			await database.query(readFileSync(undoOf(name), "utf8"));

			expect({ name, schema: await dumpSchema(database) }).toEqual({
				name,
				schema: before[n],
			});
			const pending = await listPendingMigrations({ url: database.url });
			expect(pending).toEqual(names.slice(n));
		}
		await applyMigrations({ url: database.url });

		expect(await dumpSchema(database)).toEqual(before.at(-1));
		expect(before.at(-1)?.length).toBeGreaterThan(100);
	});
});
