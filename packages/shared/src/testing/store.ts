import { type Database, openDatabase } from "../store/database.ts";
import { ensureGovernor } from "../store/governor.ts";
import { ensureFirstTenant } from "../store/tenants.ts";
import { createTestDatabase } from "./database.ts";

/** A migrated database of a test file's own, with the first tenant and an open governor. */
export type TestStore = {
	db: Database;
	url: string;
	tenantId: string;
	/** Disconnects and drops the database. */
	close(): Promise<void>;
};

export type TestStoreOptions = {
	poolSize?: number;
	/** As the engine's own pools do, unless a test is about statements that others run. */
	keepsPlans?: boolean;
	rateCount?: number;
	rateWindowMs?: number;
	concurrency?: number;
};

/** Opens it. The governor's limits are wide unless the test is about them. */
export async function openTestStore(
	options: TestStoreOptions = {},
): Promise<TestStore> {
	const database = await createTestDatabase();
	const open = await openDatabase({
		url: database.url,
		applicationName: "reelay-test",
		poolSize: options.poolSize ?? 8,
		keepsPlans: options.keepsPlans ?? true,
	});
	await ensureGovernor(open.db, {
		rateCount: options.rateCount ?? 1_000,
		rateWindowMs: options.rateWindowMs ?? 10_000,
		concurrency: options.concurrency ?? 100,
	});
	return {
		db: open.db,
		url: database.url,
		tenantId: await ensureFirstTenant(open.db),
		async close() {
			await open.close();
			await database.drop();
		},
	};
}

/** Empties every table but the tenants', opens the governor, and starts the turns anew, so that tests of one file do not see each other's rows. */
export async function clearTestStore({ db }: TestStore): Promise<void> {
	// On so few rows this takes a tenth of the time of a truncate, which gives every table and index a new file.
	await db.$executeRaw`
		with a as (delete from attempt), b as (delete from delivery), c as (delete from event), d as (delete from timeline),
			e as (delete from callback), f as (delete from submission), g as (delete from audit), h as (delete from job_label),
			i as (delete from batch), j as (delete from usage_day), k as (delete from feed_mark)
		delete from job`;
	await db.$executeRaw`update prune_turn set kind = 'jobs', after_id = '', next_at = now()`;
	await db.$executeRaw`
		with a as (delete from budget_change), b as (delete from budget_period) delete from budget`;
	await db.$executeRaw`
		with a as (delete from webhook_secret where endpoint_id is not null), b as (delete from replay) delete from endpoint`;
	await db.$executeRaw`
		update governor set granted = 0, oldest_running = 0, blocked_until = null, probe_at = null, closed_reason = null, closed_detail = null,
			closed_at = null, error_streak = 0, vt = 0`;
	await db.$executeRaw`
		with turns as (update tenant_turn set vt = 0 where vt <> 0)
		update tenant set weight = 1, max_in_flight = null where weight <> 1 or max_in_flight is not null`;
}
