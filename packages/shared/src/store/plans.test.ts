import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimOne } from "../testing/claims.ts";
import {
	aJob,
	aTenant,
	submissionOf,
	type TestJob,
} from "../testing/factories.ts";
import { anError, aSuccess } from "../testing/reports.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import {
	countQuarantined,
	listCallbacksOfJob,
	listQuarantined,
} from "./callbacks.ts";
import { listUnheardIntents, renewLeases } from "./claim.ts";
import { claimDueDeliveries, returnUnheardDeliveries } from "./deliveries.ts";
import { feedStart, findFeedEnd, listFeed, listFeeds } from "./event-feed.ts";
import { findGovernorStatus } from "./governor.ts";
import { findJobByIdempotencyKey, pruneIdempotencyKeys } from "./jobs.ts";
import { listJobs } from "./list-jobs.ts";
import {
	claimRingsDue,
	countLiveJobs,
	countPossibleCharges,
	expireQueued,
	forgetRings,
} from "./ready.ts";
import { findUnresolvedSubmission, resubmitJob } from "./resolve.ts";
import { settleSubmission } from "./settle.ts";
import {
	applyUnknownPolicies,
	lapseOverdue,
	markOverdue,
	rescueLeases,
} from "./submission-sweeps.ts";
import { findLastEntryId, listTimeline, listTimelines } from "./timeline.ts";

const finished = 6_000;

let store: TestStore;
let rendering: TestJob;
beforeAll(async () => {
	// One connection, so that what it has read is known at once.
	store = await openTestStore({ poolSize: 1 });
	await writeHistory();
	// What the planner knows is older than the backlog, as it is whenever jobs come in a burst.
	await store.db.$executeRaw`analyze`;
	for (let n = 0; n < 50; n += 1) await aJob(store);
	await aJob(store, { state: "submitting" });
	rendering = await aJob(store, { state: "rendering" });
	await aJob(store, { state: "succeeded", webhookUrl: "https://example.com" });
});
afterAll(() => store.close());

/** What a year leaves behind: rows that no hot statement may have to read. */
async function writeHistory(): Promise<void> {
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

/** Which indexes were used, and which of the large tables were read from end to end. */
async function readsOf(): Promise<Map<string, number>> {
	await store.db.$queryRaw`select pg_stat_force_next_flush()::text`;
	const rows = await store.db.$queryRaw<{ name: string; scans: number }[]>`
		select indexrelname as name, idx_scan::int as scans from pg_stat_user_indexes
		union all
		select 'all of ' || relname, seq_scan::int from pg_stat_user_tables
		where relname in ('job', 'submission', 'timeline', 'event', 'delivery', 'callback')`;
	return new Map(rows.map(({ name, scans }) => [name, scans]));
}

const meant = {
	reason: null,
	since: null,
	until: null,
	isWaiting: false,
	submissionId: null,
};
const first = { afterId: 0n, limit: 20 };
const page = { tenantId: "", afterId: null, limit: 20 };
const statements: [name: string, index: string, run: () => Promise<unknown>][] =
	[
		["claimRingsDue", "job_ready_idx", () => claimRingsDue(store.db, 5)],
		["findGovernorStatus", "submission_", () => findGovernorStatus(store.db)],
		["claim", "job_turn_idx", () => claimOne(store.db, "w")],
		[
			"expireQueued",
			"job_start_by_idx",
			() => expireQueued(store.db, 5, anError("start_deadline_passed")),
		],
		["rescueLeases", "submission_lease_idx", () => rescueLeases(store.db, 5)],
		[
			"renewLeases",
			"submission_",
			() => renewLeases(store.db, ["sub_1", "sub_2"]),
		],
		[
			"listUnheardIntents",
			"submission_lease_idx",
			() => listUnheardIntents(store.db, ["w"]),
		],
		[
			"returnUnheardDeliveries",
			"delivery_leased_idx or delivery_due_idx",
			() => returnUnheardDeliveries(store.db, ["w"]),
		],
		["markOverdue", "submission_due_idx", () => markOverdue(store.db, 5)],
		[
			"lapseOverdue",
			"submission_due_idx",
			() => lapseOverdue(store.db, 5, anError("no_result")),
		],
		[
			"settleSubmission",
			"submission_pkey",
			() => settleSubmission(store.db, aSuccess(submissionOf(rendering))),
		],
		[
			"claimDueDeliveries",
			"delivery_due_idx or delivery_lane_idx",
			() => claimDueDeliveries(store.db, "w", 5),
		],
		[
			"pruneIdempotencyKeys",
			"job_idem_age_idx",
			() => pruneIdempotencyKeys(store.db, 5),
		],
		[
			"findJobByIdempotencyKey",
			"job_idem_key",
			() => findJobByIdempotencyKey(store.db, store.tenantId, "key-7"),
		],
		[
			"listJobs",
			"job_tenant_id_idx",
			() =>
				listJobs(store.db, { ...page, tenantId: store.tenantId, states: [] }),
		],
		[
			"listJobs by state",
			"job_tenant_state_idx",
			() =>
				listJobs(store.db, {
					...page,
					tenantId: store.tenantId,
					states: ["rendering"],
				}),
		],
		[
			"listTimeline",
			"timeline_job_id_id_idx",
			() =>
				listTimeline(store.db, {
					jobId: rendering.id,
					afterId: 0n,
					limit: 20,
				}),
		],
		[
			"findLastEntryId",
			"timeline_job_id_id_idx",
			() => findLastEntryId(store.db, rendering.id),
		],
		[
			"listTimelines",
			"timeline_job_id_id_idx",
			() =>
				listTimelines(store.db, {
					readers: ["job_1", "job_2", rendering.id].map((jobId) => ({
						jobId,
						afterId: 0n,
					})),
					limit: 20,
				}),
		],
		[
			"listFeed",
			"event_feed_idx",
			() =>
				listFeed(store.db, {
					tenantId: store.tenantId,
					after: feedStart,
					types: [],
					limit: 20,
				}),
		],
		[
			"findFeedEnd",
			"event_feed_idx",
			() => findFeedEnd(store.db, store.tenantId),
		],
		[
			"listFeeds",
			"event_feed_idx",
			() =>
				listFeeds(store.db, {
					readers: [store.tenantId, "ten_1", "ten_2"].map((tenantId) => ({
						tenantId,
						after: feedStart,
					})),
					types: ["video.expired"],
					limit: 20,
				}),
		],
		[
			"countLiveJobs",
			"job_ready_idx or job_turn_idx",
			() => countLiveJobs(store.db),
		],
		[
			"countPossibleCharges",
			"submission_one_live_key or submission_due_idx",
			() => countPossibleCharges(store.db),
		],
		[
			"forgetRings",
			"job_ready_idx or job_turn_idx",
			() => forgetRings(store.db),
		],
		[
			"applyUnknownPolicies",
			"submission_due_idx",
			() => applyUnknownPolicies(store.db, 5, anError("outcome_unknown")),
		],
		[
			"findUnresolvedSubmission",
			"job_pkey or submission_",
			() => findUnresolvedSubmission(store.db, store.tenantId, rendering.id),
		],
		[
			"resubmitJob",
			"submission_pkey",
			() => resubmitJob(store.db, submissionOf(rendering)),
		],
		[
			"countQuarantined",
			"callback_quarantined_idx",
			() => countQuarantined(store.db),
		],
		[
			"listQuarantined",
			"callback_quarantined_idx",
			() =>
				listQuarantined(
					store.db,
					{ ...meant, tenantId: store.tenantId },
					first,
				),
		],
		[
			"listCallbacksOfJob",
			"callback_submission_id_body_sha_key",
			() => listCallbacksOfJob(store.db, { jobId: "job_7", ...first }),
		],
	];

describe("with a long history", () => {
	it.each(statements)(
		"%s reads %s and never a whole table",
		async (_name, index, run) => {
			const before = await readsOf();

			await run();

			const after = await readsOf();
			const grown = [...after.keys()].filter(
				(name) => (after.get(name) ?? 0) > (before.get(name) ?? 0),
			);
			const isExpected = (name: string) =>
				index.split(" or ").some((one) => name.startsWith(one));
			expect(grown.filter(isExpected)).not.toEqual([]);
			expect(grown.filter((name) => name.startsWith("all of "))).toEqual([]);
		},
	);

	it("claim reads a few rows for each tenant that waits, however long the queue is", async () => {
		await queueUp(3_000);
		const before = await rowsRead();

		for (let n = 0; n < 10; n += 1) await claimOne(store.db, "w");

		expect((await rowsRead()) - before).toBeLessThan(10 * 200);
	});

	it("listFeeds reads no more than it gives, however long the feeds are and however rare the types", async () => {
		const readers = [{ tenantId: store.tenantId, after: feedStart }];
		const before = await rowsRead("event");

		await listFeeds(store.db, { readers, types: ["video.expired"], limit: 20 });

		expect((await rowsRead("event")) - before).toBeLessThan(30);
	});

	it("listFeeds reads next to nothing for those who have read everything", async () => {
		const at = await findFeedEnd(store.db, store.tenantId);
		const readers = [{ tenantId: store.tenantId, after: at }];
		const before = await rowsRead("event");

		await listFeeds(store.db, { readers, types: [], limit: 20 });

		expect((await rowsRead("event")) - before).toBeLessThan(10);
	});

	it("claimRingsDue reads what it rings for, however long the queue is", async () => {
		await queueUp(3_000);
		const before = await rowsRead();

		await claimRingsDue(store.db, 5);

		expect((await rowsRead()) - before).toBeLessThan(200);
	});
});

/** A backlog of which the planner's statistics know nothing, half of it another tenant's. */
async function queueUp(count: number): Promise<void> {
	const other = await aTenant(store);
	await store.db.$executeRaw`
		insert into job (id, tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions)
		select new_id('job'), case when n % 2 = 0 then ${store.tenantId} else ${other} end, 'a', 'text', '{}', '\\x00',
			now() + interval '1 h', 60, 3
		from generate_series(1, ${count}::int) as n`;
}

/** Rows of a table that were read so far, by whatever way. */
async function rowsRead(table = "job"): Promise<number> {
	await store.db.$queryRaw`select pg_stat_force_next_flush()::text`;
	const rows = await store.db.$queryRaw<{ count: number }[]>`
		select (select sum(idx_tup_read) from pg_stat_user_indexes where relname = ${table})::int
			+ (select seq_tup_read from pg_stat_user_tables where relname = ${table})::int as count`;
	return rows[0]?.count ?? Number.NaN;
}
