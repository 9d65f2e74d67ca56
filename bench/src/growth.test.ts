/**
 * What a job costs beside a long history: what Postgres reads for it from its acceptance to its delivery, which is the same
 * on every machine, where times are not. `GROWTH_ROWS=1000000` makes the history as long as the bench's, with 100,000 jobs
 * that wait for tomorrow.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyMigrations } from "@reelay/prisma/migrate";
import { insertJob } from "@reelay/shared/store/accept";
import { recordAttempt } from "@reelay/shared/store/attempts";
import { openDatabase } from "@reelay/shared/store/database";
import { claimDueDeliveries } from "@reelay/shared/store/deliveries";
import { ensureGovernor } from "@reelay/shared/store/governor";
import { settleSubmission } from "@reelay/shared/store/settle";
import { acceptSubmission } from "@reelay/shared/store/submissions";
import { ensureFirstTenant } from "@reelay/shared/store/tenants";
import { claimOne } from "@reelay/shared/testing/claims";
import { aNewJob } from "@reelay/shared/testing/factories";
import {
	anAttempt,
	aReceivedCallback,
	aSuccess,
} from "@reelay/shared/testing/reports";
import {
	type EmbeddedPostgres,
	startEmbeddedPostgres,
} from "@reelay/stack/embedded-postgres";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { fillDatabase, type History, holdBacklog } from "./fill.ts";
import { until } from "./until.ts";

declare module "vitest" {
	export interface ProvidedContext {
		/** How many finished jobs are the long history: GROWTH_ROWS. */
		growthRows: number;
	}
}

const long = inject("growthRows");
const jobs = 100;
const bar = 1.3;
const wide = { rateCount: 1_000, rateWindowMs: 10_000, concurrency: 1_000 };
const webhookUrl = "https://hooks.example.com/videos";

// One of its own: while a transaction is open in any database of a server, what jobs have left in indexes cannot be passed by.
let postgres: EmbeddedPostgres;
const folder = mkdtempSync(join(tmpdir(), "reelay-growth-"));
beforeAll(async () => {
	postgres = await startEmbeddedPostgres({
		...{ folder, temporary: true, durable: false },
	});
}, 60_000);
afterAll(async () => {
	await postgres.stop();
	rmSync(folder, { recursive: true, force: true });
});

type Read = { rows: number; blocks: number };

it("reads for a job as much beside a long history as beside a short one", {
	timeout: 900_000,
}, async () => {
	const beside = (finished: number) =>
		readForJobs({ finished, queued: finished / 10 });

	const few = await beside(1_000);
	const many = await beside(long);

	expect(few.rows).toBeGreaterThan(jobs);
	expect(many.rows).toBeLessThanOrEqual(few.rows * bar);
	expect(many.blocks).toBeLessThanOrEqual(few.blocks * bar);
});

/** Of so many jobs, one after the other, over a database that has been in use. */
async function readForJobs(history: History): Promise<Read> {
	const url = await createDatabase(`beside_${history.finished}`);
	await fillDatabase(url, history);
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	await holdBacklog(client);
	await keepVacuumAway(client);
	await untilAlone(client);
	const { db, close } = await openDatabase({
		url,
		applicationName: "reelay-test",
		poolSize: 1,
		keepsPlans: true,
	});
	try {
		await ensureGovernor(db, wide);
		const tenantId = await ensureFirstTenant(db);
		const before = await readSoFar();
		for (let n = 0; n < jobs; n += 1) {
			await insertJob(db, aNewJob({ tenantId }, { webhookUrl }));
			const submission = await claimOne(db, "w");
			if (submission === null) throw new Error("no job is ready");
			const answer = { taskId: `task-${n}`, httpStatus: 200, callback: null };
			await acceptSubmission(db, { submissionId: submission.id, ...answer });
			const callback = aReceivedCallback("succeeded", `{"n":${n}}`);
			await settleSubmission(db, aSuccess(submission.id, { callback }));
			const [delivery] = await claimDueDeliveries(db, "w", 100);
			if (delivery === undefined) throw new Error("nothing is due");
			await recordAttempt(db, anAttempt(delivery, { outcome: "delivered" }));
		}
		const after = await readSoFar();
		return {
			rows: after.rows - before.rows,
			blocks: after.blocks - before.blocks,
		};
	} finally {
		await close();
		await client.end();
	}

	async function readSoFar(): Promise<Read> {
		// Both say what they have read, or the preparation's reads would be counted with the jobs'.
		await db.$queryRaw`select pg_stat_force_next_flush()::text`;
		await client.query("select pg_stat_force_next_flush()");
		const { rows } = await client.query<Read>(`
			select (select sum(seq_tup_read)::float8 from pg_stat_user_tables)
					+ (select sum(idx_tup_read)::float8 from pg_stat_user_indexes) as rows,
				(select sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))::float8
					from pg_statio_user_tables) as blocks`);
		const [read] = rows;
		if (read === undefined) throw new Error("a sum has no row");
		return read;
	}
}

async function createDatabase(name: string): Promise<string> {
	const url = new URL(postgres.url);
	const admin = new pg.Client({ connectionString: url.href });
	await admin.connect();
	await admin.query(`create database ${name}`);
	await admin.end();
	url.pathname = `/${name}`;
	await applyMigrations({ url: url.href });
	return url.href;
}

/** A session's reads are counted before it is gone: from here on they are ours alone. */
async function untilAlone(client: pg.Client): Promise<void> {
	await until("nobody else is connected", async () => {
		const { rows } = await client.query(
			"select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
		);
		return rows.length === 0;
	});
}

/** Its reads are counted with ours. */
async function keepVacuumAway(client: pg.Client): Promise<void> {
	await client.query(`
		do $$ declare name text; begin
			for name in select quote_ident(relname) from pg_stat_user_tables loop
				execute 'alter table ' || name || ' set (autovacuum_enabled = false)';
			end loop;
		end $$`);
}
