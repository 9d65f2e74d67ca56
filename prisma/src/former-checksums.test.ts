import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, inject, it } from "vitest";
import { applyMigrations } from "./migrate.ts";
import { readMigrations, shippedMigrations } from "./migration-folder.ts";
import { dumpSchema } from "./testing/dump-schema.ts";
import {
	createEmptyDatabase,
	type EmptyDatabase,
} from "./testing/empty-database.ts";

let database: EmptyDatabase;
beforeEach(async () => {
	database = await createEmptyDatabase(inject("postgresAdminUrl"));
});
afterEach(() => database.drop());

it("brings a database that was migrated before the index of open deliveries to the schema of a fresh one", async () => {
	await applyMigrations({ url: database.url });
	const fresh = await dumpSchema(database);
	const endpoints = (await readMigrations(shippedMigrations)).find(({ name }) =>
		name.endsWith("_endpoints"),
	);
	const earlier = endpoints?.sql.replace(
		/CREATE INDEX "delivery_endpoint_open_idx".*\n/,
		"",
	);
	const checksum = createHash("sha256").update(`${earlier}`).digest("hex");
	await database.query('drop index "delivery_endpoint_open_idx"');
	await database.query(
		`update _prisma_migrations set checksum = '${checksum}' where migration_name = '${endpoints?.name}'`,
	);
	await database.query(
		"delete from _prisma_migrations where migration_name like '%_open_deliveries'",
	);

	const { applied } = await applyMigrations({ url: database.url });

	expect(applied).toEqual(["20261123000000_open_deliveries"]);
	expect(await dumpSchema(database)).toEqual(fresh);
});
