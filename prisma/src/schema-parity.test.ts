import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { applyMigrations } from "./migrate.ts";
import { describeSchema } from "./testing/describe-schema.ts";
import {
	createEmptyDatabase,
	type EmptyDatabase,
} from "./testing/empty-database.ts";
import { diagnoseHistory, printSchemaDdl } from "./testing/schema-engine.ts";

let declared: EmptyDatabase;
let migrated: EmptyDatabase;

beforeAll(async () => {
	declared = await createEmptyDatabase(inject("postgresAdminUrl"));
	migrated = await createEmptyDatabase(inject("postgresAdminUrl"));
	await declared.query(await printSchemaDdl(declared.url));
	await applyMigrations({ url: migrated.url });
});

afterAll(async () => {
	await declared?.drop();
	await migrated?.drop();
});

it("says the same in schema.prisma and in the migrations", async () => {
	const inSchema = await describeSchema(declared);
	const inMigrations = await describeSchema(migrated);

	expect(inSchema.length).toBeGreaterThan(0);
	expect({
		onlyInSchemaPrisma: inSchema.filter((fact) => !inMigrations.includes(fact)),
		onlyInMigrations: inMigrations.filter((fact) => !inSchema.includes(fact)),
	}).toEqual({ onlyInSchemaPrisma: [], onlyInMigrations: [] });
});

it("notices a column that only one of them has", async () => {
	const before = await describeSchema(migrated);

	await migrated.query("alter table job add column stray integer default 7");

	const added = (await describeSchema(migrated)).filter(
		(fact) => !before.includes(fact),
	);
	expect(added).toEqual(["job.stray: integer, nullable, with a default"]);
});

it("keeps a history that Prisma's own engine finds complete and unedited", async () => {
	const diagnosis = await diagnoseHistory(migrated.url);

	expect(diagnosis).toMatchObject({
		hasMigrationsTable: true,
		history: null,
		failedMigrationNames: [],
		editedMigrationNames: [],
	});
});
