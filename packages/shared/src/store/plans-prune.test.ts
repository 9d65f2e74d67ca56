import { afterAll, beforeAll, expect, it } from "vitest";
import { readBy, rowsRead } from "../testing/long-history.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { pruneEvents } from "./prune-events.ts";
import { pruneBatches, pruneJobs } from "./prune-jobs.ts";
import { pruneAudit, pruneCallbacks } from "./prune-records.ts";

const days = 400;
const jobsADay = 40;
const keepS = 380 * 86_400;
const first = { afterId: "", keepS };

let store: TestStore;
beforeAll(async () => {
	// One connection, so that what it has read is known at once.
	store = await openTestStore({ poolSize: 1 });
	await writeHistory();
	await store.db.$executeRaw`analyze`;
}, 60_000);
afterAll(() => store.close());

/** Jobs of more than a year with all that hangs from them; the ids tell the time as real ones do. */
async function writeHistory(): Promise<void> {
	const { db, tenantId } = store;
	await db.$executeRaw`
		insert into batch (id, tenant_id, fingerprint, size, created_at, finished_at)
		select id_before('bat', at) || lpad(n::text, 16, '0'), ${tenantId}, '\\x00', 1, at, at
		from generate_series(1, ${days}::int) as n, lateral (select now() - (${days}::int - n) * interval '1 day' as at) as t`;
	await db.$executeRaw`
		insert into job (id, tenant_id, action, mode, input, fingerprint, state, live, ready, start_by, timeout_s,
			max_submissions, submission_seq, submissions, result, charged, cost_points, tags, created_at, finished_at, batch_id)
		select id_before('job', at) || lpad(n::text, 16, '0'), ${tenantId}, 'a', 'text', '{}', '\\x00', 'succeeded', false,
			false, at, 60, 3, 1, 1, '{}', 'yes', 70, array['a', 'tag-' || n % 7], at, at,
			case when n % ${jobsADay}::int = 0 then (select id from batch order by id offset n / ${jobsADay}::int - 1 limit 1) end
		from generate_series(1, ${days * jobsADay}::int) as n,
			lateral (select now() - (${days * jobsADay}::int - n) * interval '1 day' / ${jobsADay}::int as at) as t`;
	await db.$executeRaw`
		insert into submission (id, job_id, n, state, live, charged, output, callback_due_at, settled_at)
		select 'sub' || substr(id, 4), id, 1, 'succeeded', false, 'yes', '{}', created_at, created_at from job`;
	await db.$executeRaw`
		insert into callback (submission_id, body_sha, body, kind, outcome, received_at)
		select id, sha256(id::bytea), '{}', 'succeeded', 'settled', intent_at from submission order by id`;
	await db.$executeRaw`
		insert into timeline (job_id, type) select id, type from job, (values ('accepted'), ('succeeded')) as t (type)`;
	await db.$executeRaw`
		insert into event (id, tenant_id, job_id, type, snapshot, created_at)
		select 'evt' || substr(id, 4), tenant_id, id, 'video.succeeded', '{}', created_at from job`;
	await db.$executeRaw`
		insert into delivery (id, event_id, tenant_id, url, state, due_at, finished_at, attempts)
		select 'dlv' || substr(id, 4), id, tenant_id, 'https://example.com', 'delivered', null, created_at, 1 from event`;
	await db.$executeRaw`
		insert into attempt (delivery_id, n, outcome, duration_ms) select id, 1, 'delivered', 1 from delivery`;
	await db.$executeRaw`
		insert into audit (tenant_id, actor, action, target) select tenant_id, 'a', 'b', id from job`;
}

const tables = [
	...["job", "submission", "timeline", "event", "delivery", "attempt"],
	...["callback", "job_label", "audit", "batch"],
];

const statements: [
	name: string,
	run: () => Promise<{ rows: Record<string, number> }>,
][] = [
	["pruneEvents", () => pruneEvents(store.db, first)],
	["pruneBatches", () => pruneBatches(store.db, first)],
	["pruneJobs", () => pruneJobs(store.db, first)],
	["pruneCallbacks", () => pruneCallbacks(store.db, first)],
	["pruneAudit", () => pruneAudit(store.db, { ...first, keepS: -1 })],
];

it.each(statements)(
	"%s reads by indexes what it looks at, and never a whole table",
	async (_name, run) => {
		const before = await Promise.all(tables.map((one) => rowsRead(store, one)));
		let removed = {};

		const read = await readBy(store, async () => {
			removed = (await run()).rows;
		});

		const after = await Promise.all(tables.map((one) => rowsRead(store, one)));
		const most = after.map((count, at) => count - (before[at] ?? 0));
		expect(Object.keys(removed)).not.toEqual([]);
		expect(read.filter((name) => name.startsWith("all of "))).toEqual([]);
		// A few looks at each of at most five hundred rows, and not at the sixteen thousand that there are.
		expect(Math.max(...most)).toBeLessThan(6_000);
	},
);
