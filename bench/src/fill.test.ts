import { openDatabase } from "@reelay/shared/store/database";
import { findViolations } from "@reelay/shared/testing/audit";
import { createTestDatabase } from "@reelay/shared/testing/database";
import pg from "pg";
import { expect, it } from "vitest";
import { fillDatabase, holdBacklog } from "./fill.ts";

async function openFilled() {
	const database = await createTestDatabase();
	await fillDatabase(database.url, { finished: 40, queued: 7 });
	const open = await openDatabase({
		url: database.url,
		applicationName: "reelay-test",
		poolSize: 1,
	});
	const client = new pg.Client({ connectionString: database.url });
	await client.connect();
	return {
		db: open.db,
		client,
		async close() {
			await client.end();
			await open.close();
			await database.drop();
		},
	};
}

it("leaves a past that breaks no promise", async () => {
	const filled = await openFilled();

	const violations = await findViolations(filled.db, { staleAfterS: 0 });

	expect(violations).toEqual([]);
	await filled.close();
});

it("writes each finished job with all that a real one has", async () => {
	const { client, close } = await openFilled();

	const { rows } = await client.query(
		`select (select count(*)::int from job where not live) as finished, (select count(*)::int from job where ready) as queued,
			(select count(*)::int from submission) as submissions, (select count(*)::int from callback) as callbacks,
			(select count(*)::int from timeline) as lines, (select count(*)::int from attempt) as attempts,
			(select count(*)::int from job_label) as labels`,
	);

	expect(rows).toEqual([
		{
			finished: 40,
			queued: 7,
			submissions: 40,
			callbacks: 40,
			lines: 120,
			attempts: 40,
			labels: 40,
		},
	]);
	await close();
});

it("keeps what is queued from a worker until tomorrow when asked to", async () => {
	const { client, close } = await openFilled();

	await holdBacklog(client);

	const { rows } = await client.query(
		"select count(*)::int as due from job where ready and not_before <= now()",
	);
	expect(rows).toEqual([{ due: 0 }]);
	await close();
});
