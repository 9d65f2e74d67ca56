import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { claimOne } from "../testing/claims.ts";
import {
	aJob,
	aTenant,
	type JobSpec,
	submissionOf,
	type TestJob,
} from "../testing/factories.ts";
import { aFailure, aSuccess } from "../testing/reports.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { reread } from "../testing/written.ts";
import { insertAudit } from "./audit-log.ts";
import { applyCancel } from "./jobs.ts";
import { findUnresolvedSubmission, resubmitJob } from "./resolve.ts";
import { settleSubmission } from "./settle.ts";

const webhookUrl = "https://example.com/hook";
const unresolved: JobSpec[] = [
	{ state: "unknown" },
	{ state: "overdue" },
	{ state: "overdue", submission: "unknown" },
];

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	await clearTestStore(store);
});
afterAll(() => store.close());

const resubmit = (job: TestJob) => resubmitJob(store.db, submissionOf(job));
const typesOf = async ({ id }: TestJob) =>
	(
		await store.db.$queryRaw<{ type: string }[]>`
			select type from timeline where job_id = ${id} order by id`
	).map(({ type }) => type);

describe("findUnresolvedSubmission", () => {
	it.each(unresolved)("finds what %j still waits for", async (spec) => {
		const job = await aJob(store, spec);

		const found = await findUnresolvedSubmission(
			store.db,
			store.tenantId,
			job.id,
		);

		expect(found).toBe(submissionOf(job));
	});

	it.each([
		"queued",
		"submitting",
		"rendering",
		"succeeded",
		"failed",
		"cancelled",
		"expired",
	] as const)("finds nothing of a job that is %s", async (state) => {
		const { id } = await aJob(store, { state });

		expect(
			await findUnresolvedSubmission(store.db, store.tenantId, id),
		).toBeNull();
	});

	it("finds nothing of another tenant's job", async () => {
		const { id } = await aJob(store, { state: "unknown" });
		const stranger = await aTenant(store);

		expect(await findUnresolvedSubmission(store.db, stranger, id)).toBeNull();
	});
});

describe("resubmitJob", () => {
	it.each(unresolved)(
		"lapses the submission of %j, and queues the job with time to start",
		async (spec) => {
			const job = await aJob(store, {
				...spec,
				startByInS: -60,
				hintedAgoS: 1,
			});

			expect(await resubmit(job)).toBe(true);

			expect(await reread(store, job)).toMatchObject({
				state: "queued",
				charged: "possible",
				submissions: 1,
				finished_at: null,
			});
			expect(await typesOf(job)).toContain("resubmitted");
			const again = await claimOne(store.db, "w");
			expect(again).toMatchObject({ job_id: job.id, n: 2 });
		},
	);

	it("never exceeds the budget, whoever asks", async () => {
		const job = await aJob(store, { state: "unknown", maxSubmissions: 1 });

		expect(await resubmit(job)).toBe(false);
		expect(await reread(store, job)).toMatchObject({ state: "unknown" });
	});

	it("refuses a job whose cancel was asked for", async () => {
		const job = await aJob(store, { state: "unknown", cancelRequested: true });

		expect(await resubmit(job)).toBe(false);
		expect(await reread(store, job)).toMatchObject({ state: "unknown" });
	});

	it.each(["submitting", "rendering", "succeeded", "failed"] as const)(
		"refuses a job that is %s",
		async (state) => {
			const job = await aJob(store, { state });

			expect(await resubmit(job)).toBe(false);
			expect(await reread(store, job)).toMatchObject({ state });
		},
	);

	it("sends it again once when twenty ask at the same moment", async () => {
		const job = await aJob(store, { state: "unknown" });

		const won = await Promise.all(
			Array.from({ length: 20 }, () => resubmit(job)),
		);

		expect(won.filter(Boolean)).toHaveLength(1);
		expect(await reread(store, job)).toMatchObject({ state: "queued" });
	});

	it("gives way to a cancel that was asked for while it waited", async () => {
		const job = await aJob(store, { state: "unknown" });
		const lock = await lockRow(store.url, { table: "job", id: job.id });
		const cancelling = applyCancel(store.db, store.tenantId, job.id);
		await lock.waiters(1);
		const resubmitting = resubmit(job);
		await lock.waiters(2);

		await lock.release();

		expect(await resubmitting).toBe(false);
		expect(await cancelling).toMatchObject({ state: "unknown" });
		expect(await reread(store, job)).toMatchObject({ state: "unknown" });
	});

	it("leaves a late success to be adopted before the next submission", async () => {
		const job = await aJob(store, { state: "unknown", webhookUrl });
		await resubmit(job);

		const late = await settleSubmission(store.db, aSuccess(submissionOf(job)));

		expect(late).toMatchObject({ ended: true, job_state: "succeeded" });
		expect(await claimOne(store.db, "w")).toBeNull();
	});

	it("ends the job with whichever success comes first, and counts the other as surplus", async () => {
		const job = await aJob(store, { state: "unknown", webhookUrl });
		await resubmit(job);
		const next = await claimOne(store.db, "w");

		const late = await settleSubmission(store.db, aSuccess(submissionOf(job)));
		const second = await settleSubmission(store.db, aSuccess(next?.id ?? ""));

		expect(late).toMatchObject({ ended: true });
		expect(second).toMatchObject({ settled: true, ended: false });
		expect(await reread(store, job)).toMatchObject({
			state: "succeeded",
			settled_by: submissionOf(job),
			surplus_results: 1,
			cost_points: 240,
		});
	});

	it("does not let a late failure of the first submission end the second one's job", async () => {
		const job = await aJob(store, { state: "unknown" });
		await resubmit(job);
		await claimOne(store.db, "w");

		const late = await settleSubmission(store.db, aFailure(submissionOf(job)));

		expect(late.settled).toBe(false);
		expect(await reread(store, job)).toMatchObject({ state: "submitting" });
	});
});

describe("insertAudit", () => {
	it("writes down who did what to whom, and when", async () => {
		await insertAudit(store.db, {
			tenantId: store.tenantId,
			actor: "key_1",
			action: "job.resolve",
			target: "job_1",
			data: { outcome: "failed", note: 'O\'Neil said "no"' },
		});

		const rows = await store.db.$queryRaw`
			select tenant_id, actor, action, target, data, at <= clock_timestamp() as is_past from audit`;
		expect(rows).toEqual([
			{
				tenant_id: store.tenantId,
				actor: "key_1",
				action: "job.resolve",
				target: "job_1",
				data: { outcome: "failed", note: 'O\'Neil said "no"' },
				is_past: true,
			},
		]);
	});
});
