import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aTenant } from "../testing/factories.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { recheckBudget, setBudget } from "./budgets.ts";
import { listCharges } from "./charges.ts";
import { findPaidPrice } from "./prices.ts";
import { findUsage } from "./usage.ts";

const days = 300;
const jobsADay = 40;

let store: TestStore;
beforeAll(async () => {
	// One connection, so that what it has read is known at once.
	store = await openTestStore({ poolSize: 1 });
	for (const tenantId of [store.tenantId, await aTenant(store)]) {
		await writeHistory(tenantId);
	}
	await store.db.$executeRaw`analyze`;
});
afterAll(() => store.close());

/** Succeeded jobs of many days, ten of them of this moment, however young the day is; their ids tell the time as real ones do. */
async function writeHistory(tenantId: string): Promise<void> {
	await store.db.$executeRaw`
		insert into job (id, tenant_id, action, mode, input, fingerprint, state, live, ready, start_by, timeout_s,
			max_submissions, submission_seq, submissions, result, charged, cost_points, estimate_points, price_class,
			video_seconds, created_at, finished_at)
		select id_before('job', at) || lpad(n::text, 16, '0'), ${tenantId}, 'a', 'text', '{}', '\\x00', 'succeeded', false,
			false, at, 60, 3, 1, 1, '{}', 'yes', 70, 70, 'class-' || n % 10, 5, at, at
		from generate_series(1, ${days * jobsADay}::int) as n,
			lateral (select now() - greatest(0, n - 10) * interval '1 day' / ${jobsADay}::int as at) as t`;
}

/** Rows of a table that were read so far, by which of its indexes, or by whatever way. */
async function reads(table: string) {
	await store.db.$queryRaw`select pg_stat_force_next_flush()::text`;
	const rows = await store.db.$queryRaw<{ name: string; rows: number }[]>`
		select indexrelname as name, idx_tup_read::int as rows from pg_stat_user_indexes where relname = ${table}
		union all select 'all of it', seq_tup_read::int from pg_stat_user_tables where relname = ${table}`;
	return new Map(rows.map(({ name, rows: count }) => [name, count]));
}
async function readBy(run: () => Promise<unknown>, table = "job") {
	const before = await reads(table);
	await run();
	const after = await reads(table);
	return Object.fromEntries(
		[...after]
			.map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
			// The planner looks for the largest id itself.
			.filter(([, count]) => count > 2),
	);
}

describe("with a long history", () => {
	it("the usage of some days reads those days' jobs of one tenant", async () => {
		const until = new Date();
		const from = new Date(until.getTime() - 10 * 86_400_000);

		const read = await readBy(() =>
			findUsage(store.db, {
				...{ tenantId: store.tenantId, from, until },
				groups: ["day", "tag", "state", "key"],
			}),
		);

		expect(Object.keys(read)).toEqual(["job_tenant_id_idx"]);
		expect(read.job_tenant_id_idx).toBeLessThan(11 * jobsADay);
	});

	it("a new budget counts the jobs of its period, and a check reads no others", async () => {
		const budget = { tenantId: store.tenantId, keyId: null };

		const made = await readBy(() =>
			setBudget(store.db, { ...budget, period: "day" }, 1),
		);
		const checked = await readBy(() => recheckBudget(store.db, -1));

		for (const read of [made, checked]) {
			expect(Object.keys(read)).toEqual(["job_tenant_id_idx"]);
			expect(read.job_tenant_id_idx).toBeLessThan(2 * jobsADay);
		}
	});

	it("a reconciliation of a day reads that day's submissions", async () => {
		await store.db.$executeRaw`
			insert into submission (id, job_id, n, state, live, charged, callback_due_at, settled_at, intent_at)
			select 'sub' || substr(id, 4), id, 1, 'failed', false, 'no', created_at, created_at, created_at from job`;
		await store.db.$executeRaw`analyze submission`;
		const until = new Date();
		const from = new Date(until.getTime() - 86_400_000);

		const read = await readBy(
			() => listCharges(store.db, { from, until, afterId: "", limit: 1_000 }),
			"submission",
		);

		expect(Object.keys(read)).toEqual(["submission_pkey"]);
		expect(read.submission_pkey).toBeLessThan(3 * jobsADay);
	});

	it("an estimate reads a hundred lines of an index", async () => {
		const read = await readBy(() =>
			findPaidPrice(store.db, "a", { priceClass: "class-3" }),
		);

		expect(Object.keys(read)).toEqual(["job_price_idx"]);
		expect(read.job_price_idx).toBeLessThanOrEqual(101);
	});
});
