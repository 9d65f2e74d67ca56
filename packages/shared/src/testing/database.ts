import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

declare module "vitest" {
	interface ProvidedContext {
		/** Of the one Postgres that the run started. */
		postgresAdminUrl: string;
		/** The migrated database that every test database is a copy of. */
		postgresTemplate: string;
	}
}

export type TestDatabase = { url: string; drop(): Promise<void> };

/**
 * A migrated database of a test file's own, copied from a template in
 * milliseconds. Dropping it disconnects whoever is still there; what is not
 * dropped goes with the server at the end of the run.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
	const name = `test_${randomBytes(6).toString("hex")}`;
	await runAsAdmin(
		`create database ${name} template ${inject("postgresTemplate")}`,
	);
	return {
		url: databaseUrl(name),
		drop: () => runAsAdmin(`drop database if exists ${name} with (force)`),
	};
}

function databaseUrl(name: string): string {
	const url = new URL(inject("postgresAdminUrl"));
	url.pathname = `/${name}`;
	return url.href;
}

async function runAsAdmin(statement: string): Promise<void> {
	const client = new pg.Client({
		connectionString: inject("postgresAdminUrl"),
	});
	await client.connect();
	try {
		await client.query(statement);
	} finally {
		await client.end();
	}
}
