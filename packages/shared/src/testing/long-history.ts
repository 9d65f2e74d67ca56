/**
 * A long history, and what a statement reads of it. The store needs a pool of one connection, so that what that has read is
 * known at once.
 */
import { aJob, aTenant, type TestJob } from "./factories.ts";
import type { TestStore } from "./store.ts";

const finished = 6_000;

/** A long history with a short queue behind it; returns the job of it that renders. */
export async function aLongHistory(store: TestStore): Promise<TestJob> {
	await writeHistory(store);
	// What the planner knows is older than the backlog, as it is whenever jobs come in a burst.
	await store.db.$executeRaw`analyze`;
	for (let n = 0; n < 50; n += 1) await aJob(store);
	await aJob(store, { state: "submitting" });
	const rendering = await aJob(store, { state: "rendering" });
	await aJob(store, { state: "succeeded", webhookUrl: "https://example.com" });
	return rendering;
}

/** What a year leaves behind: rows that no hot statement may have to read. */
async function writeHistory(store: TestStore): Promise<void> {
	await store.db.$executeRaw`
		insert into job (id, tenant_id, action, mode, input, fingerprint, state, live, ready, start_by, timeout_s,
			max_submissions, submission_seq, submissions, error, created_at, finished_at, idem_key)
		select 'job_' || n, ${store.tenantId}, 'a', 'text', '{}', '\\x00', 'failed', false, false, now(), 60, 3, 1, 1, '{}',
			now() - n * interval '1 s', now(), case when n <= 1000 then 'key-' || n end
		from generate_series(1, ${finished}::int) as n`;
	await store.db.$executeRaw`
		insert into submission (id, job_id, n, state, live, charged, callback_due_at, settled_at)
		select 'sub_' || n, 'job_' || n, 1, 'failed', false, 'no', now(), now()
		from generate_series(1, ${finished}::int) as n`;
	await store.db.$executeRaw`
		insert into callback (submission_id, body_sha, body, kind, outcome)
		select 'sub_' || n, decode(lpad(to_hex(n), 8, '0'), 'hex'), '{}', 'failed',
			case when n % 1000 = 0 then 'quarantined' else 'settled' end
		from generate_series(1, ${finished}::int) as n`;
	await store.db.$executeRaw`
		insert into timeline (job_id, type) select 'job_' || n, 'failed' from generate_series(1, ${finished}::int) as n`;
	await store.db.$executeRaw`
		insert into event (id, tenant_id, job_id, type, snapshot)
		select 'evt_' || n, ${store.tenantId}, 'job_' || n, 'video.failed', '{}'
		from generate_series(1, ${finished}::int) as n`;
	await store.db.$executeRaw`
		insert into delivery (id, event_id, tenant_id, url, state, due_at, finished_at)
		select 'dlv_' || n, 'evt_' || n, ${store.tenantId}, 'https://example.com', 'delivered', null, now()
		from generate_series(1, ${finished}::int) as n`;
}

/** Which indexes were used so far, and which of the large tables were read from end to end. */
async function readsOf(store: TestStore): Promise<Map<string, number>> {
	await store.db.$queryRaw`select pg_stat_force_next_flush()::text`;
	const rows = await store.db.$queryRaw<{ name: string; scans: number }[]>`
		select indexrelname as name, idx_scan::int as scans from pg_stat_user_indexes
		union all
		select 'all of ' || relname, seq_scan::int from pg_stat_user_tables
		where relname in ('job', 'submission', 'timeline', 'event', 'delivery', 'callback')`;
	return new Map(rows.map(({ name, scans }) => [name, scans]));
}

/** A backlog of which the planner's statistics know nothing, half of it another tenant's. */
export async function queueUp(store: TestStore, count: number): Promise<void> {
	const other = await aTenant(store);
	await store.db.$executeRaw`
		insert into job (id, tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions)
		select new_id('job'), case when n % 2 = 0 then ${store.tenantId} else ${other} end, 'a', 'text', '{}', '\\x00',
			now() + interval '1 h', 60, 3
		from generate_series(1, ${count}::int) as n`;
}

/** Jobs for tomorrow, half of them another tenant's; half of each are older than what is queued, and half are younger. */
export async function scheduleMany(
	store: TestStore,
	count: number,
): Promise<void> {
	const other = await aTenant(store);
	await store.db.$executeRaw`
		insert into job (id, tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions, created_at,
			not_before, scheduled)
		select new_id('job'), case when n % 4 < 2 then ${store.tenantId} else ${other} end, 'a', 'text', '{}', '\\x00',
			now() + interval '2 d', 60, 3, now() + (n % 2 - 0.5) * interval '1 h', now() + interval '1 d', true
		from generate_series(1, ${count}::int) as n`;
}

/** Rows of a table that were read so far, by whatever way. */
export async function rowsRead(
	store: TestStore,
	table = "job",
): Promise<number> {
	await store.db.$queryRaw`select pg_stat_force_next_flush()::text`;
	const rows = await store.db.$queryRaw<{ count: number }[]>`
		select (select sum(idx_tup_read) from pg_stat_user_indexes where relname = ${table})::int
			+ (select seq_tup_read from pg_stat_user_tables where relname = ${table})::int as count`;
	return rows[0]?.count ?? Number.NaN;
}

/** What a statement used and read more of: indexes, and tables from end to end. */
export async function readBy(
	store: TestStore,
	run: () => Promise<unknown>,
): Promise<string[]> {
	const before = await readsOf(store);
	await run();
	const after = await readsOf(store);
	return [...after.keys()].filter(
		(name) => (after.get(name) ?? 0) > (before.get(name) ?? 0),
	);
}
