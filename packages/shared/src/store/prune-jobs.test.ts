import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isFinal, jobStates } from "../domain/job.ts";
import type { SubmissionState } from "../domain/submission.ts";
import { ageJobs, anOldJob, deliverAll, keepS } from "../testing/aged.ts";
import { findViolations } from "../testing/audit.ts";
import { claimOne } from "../testing/claims.ts";
import {
	aJob,
	aNewJob,
	anEndpoint,
	aSubmission,
	type JobSpec,
	submissionOf,
	type TestJob,
} from "../testing/factories.ts";
import { aSuccess } from "../testing/reports.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { watchDatabase } from "../testing/watch-database.ts";
import { insertJob } from "./accept.ts";
import { eraseJob } from "./erase.ts";
import { applyCancel, findJob } from "./jobs.ts";
import { pruneJobs } from "./prune-jobs.ts";
import { insertReplay, moveReplay } from "./replays.ts";
import { settleSubmission } from "./settle.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	await clearTestStore(store);
});
afterAll(() => store.close());

const prune = () => pruneJobs(store.db, { afterId: "", keepS });
const anOld = (spec?: JobSpec) => anOldJob(store, spec);
const isThere = async ({ id }: { id: string }) =>
	(await findJob(store.db, store.tenantId, id)) !== null;

/** How many rows there are of all that belongs to jobs. */
async function countRows(): Promise<Record<string, number>> {
	const [rows] = await store.db.$queryRaw<Record<string, number>[]>`
		select (select count(*)::int from job) as job, (select count(*)::int from submission) as submission,
			(select count(*)::int from callback) as callback, (select count(*)::int from timeline) as timeline,
			(select count(*)::int from job_label) as job_label, (select count(*)::int from event) as event,
			(select count(*)::int from delivery) as delivery, (select count(*)::int from attempt) as attempt`;
	return rows ?? {};
}

describe("pruneJobs", () => {
	it("removes a job that ended long ago with all that hangs from it", async () => {
		const job = await insertJob(
			store.db,
			aNewJob(store, {
				tags: ["a", "b"],
				metadata: { k: "v" },
				webhookUrl: "https://example.com/hook",
			}),
		);
		const claimed = await claimOne(store.db, "w");
		await settleSubmission(store.db, {
			...aSuccess(String(claimed?.id)),
			callback: { bodySha: Buffer.alloc(32), body: "{}", kind: "succeeded" },
		});
		await deliverAll(store.db);
		await ageJobs(store.db, [String(job?.id)], 40);
		const before = await countRows();

		const { rows, lastId } = await prune();

		expect(Object.values(before).every((count) => count > 0)).toBe(true);
		expect(rows).toEqual({ ...before, batch: 0 });
		expect(Object.values(await countRows()).every((n) => n === 0)).toBe(true);
		expect(lastId).toBeNull();
	});

	it("leaves what ended lately, and what is asked for by a key that is still remembered", async () => {
		const late = await aJob(store, { state: "failed" });
		await ageJobs(store.db, [late.id], 29);
		const keyed = await aJob(store, {
			state: "failed",
			idempotencyKey: "again",
		});

		await prune();
		await pruneJobs(store.db, { afterId: "", keepS: 0 });

		expect(await isThere(keyed)).toBe(true);
		expect(await isThere(late)).toBe(false);
	});

	it.each(jobStates.filter((state) => !isFinal(state)))(
		"never removes one that is %s",
		async (state) => {
			const job = await aJob(store, { state });
			await store.db
				.$executeRaw`update job set created_at = created_at - interval '400 days'`;

			await prune();

			expect(await isThere(job)).toBe(true);
		},
	);

	it.each<SubmissionState>(["intent", "accepted", "unknown", "lapsed"])(
		"leaves one with a submission that is %s: it may be charged, and nobody knows",
		async (state) => {
			const job = await anOld();
			await aSubmission(store, job.id, { state });
			await store.db.$executeRaw`
				update job set submission_seq = 2, submissions = 2 where id = ${job.id}`;

			await prune();

			expect(await isThere(job)).toBe(true);
			expect(await countRows()).toMatchObject({ submission: 2, event: 1 });
		},
	);

	it("leaves one whose charge is in doubt, until it is known", async () => {
		const job = await anOld({ state: "failed", submission: "lapsed" });

		await prune();
		const wasThere = await isThere(job);
		await settleSubmission(store.db, aSuccess(submissionOf(job)));
		await prune();

		expect([wasThere, await isThere(job)]).toEqual([true, false]);
	});

	it("leaves one of which something is still to be delivered, also when it is held", async () => {
		const [pending, held] = await Promise.all(
			["pending", "held"].map(async (state) => {
				const job = await aJob(store, {
					state: "succeeded",
					webhookUrl: `https://example.com/${state}`,
				});
				await ageJobs(store.db, [job.id], 40);
				return job;
			}),
		);
		await store.db.$executeRaw`
			update delivery set state = 'held', due_at = null where url = 'https://example.com/held'`;

		await prune();
		const kept = await countRows();
		await deliverAll(store.db);
		await prune();

		expect(kept).toMatchObject({ job: 2, event: 2, delivery: 2 });
		expect(await isThere(pending as TestJob)).toBe(false);
		expect(await isThere(held as TestJob)).toBe(false);
	});

	it("leaves what a replay may still send, also while it is paused", async () => {
		const endpoint = await anEndpoint(store);
		const job = await anOld({ webhookUrl: "https://example.com/hook" });
		const replay = await insertReplay(
			store.db,
			{
				tenantId: store.tenantId,
				endpointId: endpoint.id,
				types: ["video.succeeded"],
				states: ["missing"],
				since: new Date(Date.now() - 50 * 86_400_000),
				until: new Date(),
				afterId: "evt_0",
			},
			1,
		);
		const of = { tenantId: store.tenantId, id: String(replay?.id) };

		await prune();
		await moveReplay(store.db, of, "paused");
		await prune();
		const wasThere = await isThere(job);
		await moveReplay(store.db, of, "cancelled");
		await prune();

		expect([wasThere, await isThere(job)]).toEqual([true, false]);
	});

	it("leaves what a writer holds, and does not wait for it", async () => {
		const jobs = [];
		for (let n = 0; n < 3; n += 1) {
			jobs.push(await anOld({ webhookUrl: "https://example.com/hook" }));
		}
		const [delivery] = await store.db.$queryRaw<{ id: string }[]>`
			select delivery.id from delivery join event on event.id = event_id where job_id = ${jobs[1]?.id}`;
		const locks = [
			await lockRow(store.url, {
				table: "submission",
				id: submissionOf(jobs[0] as TestJob),
			}),
			await lockRow(store.url, { table: "delivery", id: String(delivery?.id) }),
		];

		const { rows } = await prune();
		for (const lock of locks) await lock.release();

		expect(rows.job).toBe(1);
		expect((await prune()).rows.job).toBe(2);
	});

	it("lets a late callback of what it removed be kept, with the reason, and settle nothing", async () => {
		const job = await anOld();
		const submissionId = submissionOf(job);
		await prune();

		const settled = await settleSubmission(store.db, {
			...aSuccess(submissionId),
			callback: { bodySha: Buffer.alloc(32, 3), body: "{}", kind: "succeeded" },
		});

		expect(settled).toMatchObject({
			settled: false,
			job_id: null,
			callback_outcome: "ignored",
			callback_reason: "no such submission",
		});
		expect(await countRows()).toMatchObject({ job: 0, callback: 1 });
	});

	it("looks again where a line came between its look and its locks", async () => {
		await anOld();
		let removals = 0;
		const db = watchDatabase(store.db, (sql) => {
			removals += sql.includes("timeline_gone") ? 1 : 0;
			if (removals !== 1) return;
			throw Object.assign(new Error("referred to"), { code: "23503" });
		});

		const { rows } = await pruneJobs(db, { afterId: "", keepS });

		expect(rows.job).toBe(1);
		expect(removals).toBe(2);
	});

	it("removes each once, however many do so at the same moment, beside callbacks, erasures and cancels", async () => {
		const jobs = [];
		for (let n = 0; n < 30; n += 1) {
			jobs.push(await anOld({ webhookUrl: "https://example.com/hook" }));
		}

		const counts = await Promise.all([
			...[1, 2, 3].map(async () => (await prune()).rows.job ?? 0),
			...jobs.slice(0, 10).map(async ({ id }) => {
				await eraseJob(store.db, store.tenantId, id);
				return 0;
			}),
			...jobs.slice(5, 15).map(async (job) => {
				await settleSubmission(store.db, aSuccess(submissionOf(job)));
				await applyCancel(store.db, store.tenantId, job.id);
				return 0;
			}),
		]);
		const rest = (await prune()).rows.job ?? 0;

		expect(counts.reduce((sum, n) => sum + n, 0) + rest).toBe(30);
		const [sums] = await store.db.$queryRaw<{ jobs: number }[]>`
			select sum(jobs)::int as jobs from usage_day`;
		expect(sums?.jobs).toBe(30);
	});

	it("walks past what must stay, and finds what comes behind it", async () => {
		await store.db.$executeRaw`
			insert into job (id, tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions, created_at)
			select new_id('job'), ${store.tenantId}, 'a', 'text', '{}', '\\x00', now(), 60, 3, now() - interval '50 days'
			from generate_series(1, 250)`;
		await store.db
			.$executeRaw`insert into timeline (job_id, type) select id, 'accepted' from job`;
		const job = await anOld();

		let [steps, afterId] = [0, "" as string | null];
		for (; afterId !== null && steps < 10; steps += 1) {
			afterId = (await pruneJobs(store.db, { afterId, keepS })).lastId;
		}

		expect([steps, await isThere(job)]).toEqual([3, false]);
	});
});
