import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
	aJob,
	type JobSpec,
	submissionOf,
	type TestJob,
} from "../testing/factories.ts";
import {
	aFailure,
	anError,
	anOutput,
	aReceivedCallback,
	aSuccess,
} from "../testing/reports.ts";
import { lockRow } from "../testing/row-lock.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { eraseJob } from "./erase.ts";
import { applyCancel } from "./jobs.ts";
import { resubmitJob } from "./resolve.ts";
import { settleSubmission } from "./settle.ts";
import {
	applyUnknownPolicies,
	lapseOverdue,
	markOverdue,
	rescueLeases,
} from "./submission-sweeps.ts";
import {
	acceptSubmission,
	doubtSubmission,
	rejectSubmission,
} from "./submissions.ts";
import { listTimeline } from "./timeline.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

const answer = { httpStatus: 200, taskId: null, callback: null };
const rejection = {
	httpStatus: 429,
	reason: "busy",
	delayMs: 1_000,
	returnsBudget: true,
	exhausted: anError("provider_error"),
};

/** Everything that writes an entry of a job that is there and that another may have locked. */
const writers: [
	writes: string,
	job: JobSpec,
	write: (job: TestJob) => Promise<unknown>,
][] = [
	[
		"rendering",
		{ state: "submitting" },
		(job) =>
			acceptSubmission(store.db, {
				submissionId: submissionOf(job),
				...answer,
			}),
	],
	[
		"unknown",
		{ state: "submitting" },
		(job) =>
			doubtSubmission(store.db, {
				submissionId: submissionOf(job),
				reason: "reset",
				httpStatus: null,
			}),
	],
	[
		"unknown",
		{ state: "submitting", leaseInS: -1 },
		() => rescueLeases(store.db, 5),
	],
	[
		"requeued",
		{ state: "submitting" },
		(job) =>
			rejectSubmission(store.db, {
				submissionId: submissionOf(job),
				...rejection,
			}),
	],
	[
		"succeeded",
		{ state: "rendering" },
		(job) => settleSubmission(store.db, aSuccess(submissionOf(job))),
	],
	[
		"failed",
		{ state: "rendering" },
		(job) => settleSubmission(store.db, aFailure(submissionOf(job))),
	],
	[
		"surplus_result",
		{ state: "expired", submission: "rejected" },
		(job) => settleSubmission(store.db, aSuccess(submissionOf(job))),
	],
	[
		"callback_quarantined",
		{ state: "rendering", taskId: "task-1" },
		(job) =>
			settleSubmission(
				store.db,
				aSuccess(submissionOf(job), {
					output: anOutput({ task_id: "task-2" }),
					callback: aReceivedCallback("succeeded"),
				}),
			),
	],
	[
		"cancelled",
		{ state: "queued" },
		(job) => applyCancel(store.db, store.tenantId, job.id),
	],
	[
		"cancel_requested",
		{ state: "rendering" },
		(job) => applyCancel(store.db, store.tenantId, job.id),
	],
	[
		"resubmitted",
		{ state: "unknown" },
		(job) => resubmitJob(store.db, submissionOf(job)),
	],
	[
		"failed",
		{ state: "unknown", onUnknown: "fail", callbackDueInS: -1 },
		() => applyUnknownPolicies(store.db, 5, anError("outcome_unknown")),
	],
	[
		"overdue",
		{ state: "rendering", callbackDueInS: -1 },
		() => markOverdue(store.db, 5),
	],
	[
		"failed",
		{ state: "overdue", callbackDueInS: -1 },
		() => lapseOverdue(store.db, 5, anError("no_result")),
	],
	[
		"erased",
		{ state: "failed" },
		(job) => eraseJob(store.db, store.tenantId, job.id),
	],
];

it.each(writers)(
	"an entry %s of a job (%j) gets its id only behind the job's lock, so that none with a smaller one comes later",
	async (type, spec, write) => {
		const job = await aJob(store, spec);
		const lock = await lockRow(store.url, { table: "job", id: job.id });

		const writing = write(job);
		await lock.waiters(1);
		await lock.write(
			`insert into timeline (job_id, type) values ('${job.id}', 'meanwhile')`,
		);
		await lock.release();
		await writing;

		const entries = await listTimeline(store.db, {
			jobId: job.id,
			afterId: 0n,
			limit: 100,
		});
		expect(entries.slice(-2).map((entry) => entry.type)).toEqual([
			"meanwhile",
			type,
		]);
	},
);

it("is tried with every statement that writes entries, but for those that skip jobs which another has locked", () => {
	const skipping = ["claim.ts", "ready.ts"];

	const statements = readdirSync(import.meta.dirname)
		.filter((name) => !name.includes(".test.") && !skipping.includes(name))
		.map((name) => readFileSync(`${import.meta.dirname}/${name}`, "utf8"))
		.flatMap((text) => text.match(/insert into timeline/g) ?? []);

	// The twelfth is that of a new job, which nobody can lock or read before it is committed.
	expect(statements).toHaveLength(11 + 1);
});
