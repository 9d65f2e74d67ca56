import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestJob } from "../testing/factories.ts";
import { aLongHistory, readBy, rowsRead } from "../testing/long-history.ts";
import { everything } from "../testing/quarantined.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import {
	countQuarantined,
	listCallbacksOfJob,
	listQuarantined,
} from "./callbacks.ts";
import { listUnheardIntents } from "./claim.ts";
import { feedStart, findFeedEnd, listFeed, listFeeds } from "./event-feed.ts";
import { findGovernorStatus } from "./governor.ts";
import { findJobByIdempotencyKey } from "./jobs.ts";
import { listJobs } from "./list-jobs.ts";
import { countLiveJobs, countPossibleCharges } from "./ready.ts";
import { findUnresolvedSubmission } from "./resolve.ts";
import { findLastEntryId, listTimeline, listTimelines } from "./timeline.ts";

let store: TestStore;
let rendering: TestJob;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 1, keepsPlans: false });
	rendering = await aLongHistory(store);
});
afterAll(() => store.close());

const first = { afterId: 0n, limit: 20 };
const page = { tenantId: "", afterId: null, limit: 20 };
const statements: [name: string, index: string, run: () => Promise<unknown>][] =
	[
		["findGovernorStatus", "submission_", () => findGovernorStatus(store.db)],
		[
			"listUnheardIntents",
			"submission_lease_idx",
			() => listUnheardIntents(store.db, ["w"]),
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
			"findUnresolvedSubmission",
			"job_pkey or submission_",
			() => findUnresolvedSubmission(store.db, store.tenantId, rendering.id),
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
					{ ...everything, tenantId: store.tenantId },
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
			const read = await readBy(store, run);

			const isExpected = (name: string) =>
				index.split(" or ").some((one) => name.startsWith(one));
			expect(read.filter(isExpected)).not.toEqual([]);
			expect(read.filter((name) => name.startsWith("all of "))).toEqual([]);
		},
	);

	it("listFeeds reads no more than it gives, however long the feeds are and however rare the types", async () => {
		const readers = [{ tenantId: store.tenantId, after: feedStart }];
		const before = await rowsRead(store, "event");

		await listFeeds(store.db, { readers, types: ["video.expired"], limit: 20 });

		expect((await rowsRead(store, "event")) - before).toBeLessThan(30);
	});

	it("listFeeds reads next to nothing for those who have read everything", async () => {
		const at = await findFeedEnd(store.db, store.tenantId);
		const readers = [{ tenantId: store.tenantId, after: at }];
		const before = await rowsRead(store, "event");

		await listFeeds(store.db, { readers, types: [], limit: 20 });

		expect((await rowsRead(store, "event")) - before).toBeLessThan(10);
	});
});
