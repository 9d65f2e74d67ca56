import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aTenant } from "../testing/factories.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { recheckBudget, setBudget } from "./budgets.ts";
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

/** Succeeded jobs of many days, whose ids tell the time as real ones do. */
async function writeHistory(tenantId: string): Promise<void> {
	await store.db.$executeRaw`
		insert into job (id, tenant_id, action, mode, input, fingerprint, state, live, ready, start_by, timeout_s,
			max_submissions, submission_seq, submissions, result, charged, cost_points, estimate_points, price_class,
			video_seconds, created_at, finished_at)
		select id_before('job', at) || lpad(n::text, 16, '0'), ${tenantId}, 'a', 'text', '{}', '\\x00', 'succeeded', false,
			false, at, 60, 3, 1, 1, '{}', 'yes', 70, 70, 'class-' || n % 10, 5, at, at
		from generate_series(1, ${days * jobsADay}::int) as n,
			lateral (select now() - n * interval '1 day' / ${jobsADay}::int as at) as t`;
}

/** Rows of job that were read so far, and which of its indexes, by whatever way. */
async function reads() {
	await store.db.$queryRaw`select pg_stat_force_next_flush()::text`;
	const rows = await store.db.$queryRaw<{ name: string; rows: number }[]>`
		select indexrelname as name, idx_tup_read::int as rows from pg_stat_user_indexes where relname = 'job'
		union all select 'all of it', seq_tup_read::int from pg_stat_user_tables where relname = 'job'`;
	return new Map(rows.map(({ name, rows: count }) => [name, count]));
}
async function readBy(run: () => Promise<unknown>) {
	const before = await reads();
	await run();
	const after = await reads();
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

	it("an estimate reads a hundred lines of an index", async () => {
		const read = await readBy(() =>
			findPaidPrice(store.db, "a", { priceClass: "class-3" }),
		);

		expect(Object.keys(read)).toEqual(["job_price_idx"]);
		expect(read.job_price_idx).toBeLessThanOrEqual(101);
	});
});
