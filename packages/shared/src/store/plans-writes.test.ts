import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimOne } from "../testing/claims.ts";
import { submissionOf, type TestJob } from "../testing/factories.ts";
import {
	aLongHistory,
	queueUp,
	readBy,
	rowsRead,
	scheduleMany,
} from "../testing/long-history.ts";
import { anError, aSuccess } from "../testing/reports.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { renewLeases } from "./claim.ts";
import { claimDueDeliveries, returnUnheardDeliveries } from "./deliveries.ts";
import { pruneIdempotencyKeys } from "./jobs.ts";
import { claimRingsDue, expireQueued, forgetRings } from "./ready.ts";
import { resubmitJob } from "./resolve.ts";
import { releaseScheduled } from "./scheduled.ts";
import { settleSubmission } from "./settle.ts";
import {
	applyUnknownPolicies,
	lapseOverdue,
	markOverdue,
	rescueLeases,
} from "./submission-sweeps.ts";

let store: TestStore;
let rendering: TestJob;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 1 });
	rendering = await aLongHistory(store);
});
afterAll(() => store.close());

const statements: [name: string, index: string, run: () => Promise<unknown>][] =
	[
		["claimRingsDue", "job_due_turn_idx", () => claimRingsDue(store.db, 5)],
		["claim", "job_due_turn_idx", () => claimOne(store.db, "w")],
		[
			"releaseScheduled",
			"job_scheduled_idx",
			() => releaseScheduled(store.db, 5),
		],
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
		["forgetRings", "job_due_turn_idx", () => forgetRings(store.db)],
		[
			"applyUnknownPolicies",
			"submission_due_idx",
			() => applyUnknownPolicies(store.db, 5, anError("outcome_unknown")),
		],
		[
			"resubmitJob",
			"submission_pkey",
			() => resubmitJob(store.db, submissionOf(rendering)),
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

	it("claim reads a few rows for each tenant that waits, however long the queue is", async () => {
		await queueUp(store, 3_000);
		const before = await rowsRead(store);

		for (let n = 0; n < 10; n += 1) await claimOne(store.db, "w");

		expect((await rowsRead(store)) - before).toBeLessThan(10 * 200);
	});

	it("claimRingsDue reads what it rings for, however long the queue is", async () => {
		await queueUp(store, 3_000);
		const before = await rowsRead(store);

		await claimRingsDue(store.db, 5);

		expect((await rowsRead(store)) - before).toBeLessThan(200);
	});

	// The statements above have been planned while nothing was scheduled, and keep their plans.
	it.each<[name: string, run: () => Promise<unknown>]>([
		["claim", () => claimOne(store.db, "w")],
		["claimRingsDue", () => claimRingsDue(store.db, 5)],
		["releaseScheduled", () => releaseScheduled(store.db, 5)],
	])(
		"%s reads past none of the jobs that wait for their time",
		async (_name, run) => {
			await run();
			await scheduleMany(store, 3_000);
			const before = await rowsRead(store);

			await run();

			expect((await rowsRead(store)) - before).toBeLessThan(200);
		},
	);
});
