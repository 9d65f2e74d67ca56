import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyMigrations } from "@reelay/prisma/migrate";
// For the names and types of what is provided to the tests.
import type {} from "@reelay/shared/testing/database";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { startEmbeddedPostgres } from "../embedded-postgres.ts";

const template = "reelay_template";

/**
 * One Postgres for the whole run, with a migrated template to copy. It goes
 * with its folder at the end of the run, however that comes.
 */
export async function setup(
	project: TestProject,
): Promise<() => Promise<void>> {
	const folder = join(tmpdir(), `reelay-test-${process.pid}`);
	const server = await startEmbeddedPostgres({
		folder,
		durable: false,
		temporary: true,
	});
	try {
		await makeTemplate(server.url);
	} catch (error) {
		await server.stop();
		throw error;
	}
	project.provide("postgresAdminUrl", server.url);
	project.provide("postgresTemplate", template);
	return server.stop;
}

async function makeTemplate(adminUrl: string): Promise<void> {
	const admin = new pg.Client({ connectionString: adminUrl });
	await admin.connect();
	try {
		await admin.query(`create database ${template}`);
		const url = new URL(adminUrl);
		url.pathname = `/${template}`;
		await applyMigrations({ url: url.href });
		// A connection to a template would make every copy of it fail.
		await admin.query(`alter database ${template} allow_connections false`);
	} finally {
		await admin.end();
	}
}
