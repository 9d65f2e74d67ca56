import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { claimOne } from "../testing/claims.ts";
import { aJob, aTenant, submissionOf } from "../testing/factories.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { applyCancel, findJob } from "./jobs.ts";
import { listTimeline } from "./timeline.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const linesOf = async (jobId: string) =>
	(await listTimeline(store.db, { jobId, afterId: 0n, limit: 100 })).map(
		({ type }) => type,
	);

describe("applyCancel", () => {
	it("cancels a queued job at once and free of charge, with its event and delivery", async () => {
		const job = await aJob(store, { webhookUrl });
		const bystander = await aJob(store, { webhookUrl });

		const cancelled = await applyCancel(store.db, store.tenantId, job.id);

		expect(cancelled).toMatchObject({
			id: job.id,
			state: "cancelled",
			charged: "no",
			result: null,
			error: null,
			finished_at: expect.any(Date),
			cancel_requested_at: expect.any(Date),
		});
		expect(await findJob(store.db, store.tenantId, bystander.id)).toMatchObject(
			{ state: "queued", cancel_requested_at: null },
		);
		expect(await linesOf(job.id)).toEqual(["accepted", "cancelled"]);
		const deliveries = await store.db.$queryRaw`
			select type, url from delivery join event on event.id = event_id`;
		expect(deliveries).toEqual([{ type: "video.cancelled", url: webhookUrl }]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it.each(["submitting", "rendering", "unknown", "overdue"] as const)(
		"notes the wish on a job that is %s, once, and leaves the rest as it is",
		async (state) => {
			const job = await aJob(store, { state, webhookUrl });

			const first = await applyCancel(store.db, store.tenantId, job.id);
			const second = await applyCancel(store.db, store.tenantId, job.id);

			expect(first).toMatchObject({
				state,
				cancel_requested_at: expect.any(Date),
				finished_at: null,
			});
			expect(second?.cancel_requested_at).toEqual(first?.cancel_requested_at);
			expect(
				(await linesOf(job.id)).filter((type) => type === "cancel_requested"),
			).toHaveLength(1);
			expect(await findViolations(store.db)).toEqual([]);
		},
	);

	it.each(["succeeded", "failed", "cancelled", "expired"] as const)(
		"returns null for a job that is %s and changes nothing",
		async (state) => {
			const job = await aJob(store, { state, webhookUrl });
			const before = await findJob(store.db, store.tenantId, job.id);

			const cancelled = await applyCancel(store.db, store.tenantId, job.id);

			expect(cancelled).toBeNull();
			expect(await findJob(store.db, store.tenantId, job.id)).toEqual(before);
			expect(await findViolations(store.db)).toEqual([]);
		},
	);

	it("does not touch another tenant's job", async () => {
		const job = await aJob(store);

		const cancelled = await applyCancel(store.db, await aTenant(store), job.id);

		expect(cancelled).toBeNull();
		expect((await findJob(store.db, store.tenantId, job.id))?.state).toBe(
			"queued",
		);
	});

	it("tells the timeline once when two ask at once", async () => {
		const job = await aJob(store, { state: "rendering" });
		const lock = await lockRow(store.url, { table: "job", id: job.id });
		const both = [1, 2].map(() =>
			applyCancel(store.db, store.tenantId, job.id),
		);
		await lock.waiters(2);

		await lock.release();
		await Promise.all(both);

		expect(
			(await linesOf(job.id)).filter((type) => type === "cancel_requested"),
		).toHaveLength(1);
	});

	it("racing with a claim ends in exactly one of the two, every time", async () => {
		const rounds = 60;
		const seen = { cancelled: 0, submitting: 0 };

		for (let round = 0; round < rounds; round += 1) {
			const job = await aJob(store);
			const [cancelled, claimed] = await Promise.all([
				applyCancel(store.db, store.tenantId, job.id),
				claimOne(store.db, "worker-1"),
			]);
			const state = cancelled?.state;
			if (state !== "cancelled" && state !== "submitting") {
				throw new Error(`the cancel answered ${state}`);
			}
			seen[state] += 1;
			expect(claimed === null).toBe(state === "cancelled");
			// What was claimed is no longer ready, so the next round has one candidate only.
		}

		expect(seen.cancelled + seen.submitting).toBe(rounds);
		const claimed = await store.db.$queryRaw<unknown[]>`
			select from submission where live`;
		expect(claimed).toHaveLength(seen.submitting);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("that waits for a claim's commit notes the wish, because the provider may have been asked", async () => {
		const job = await aJob(store);
		const lock = await lockRow(store.url, { table: "governor", id: "see2ai" });
		const claim = claimOne(store.db, "worker-1");
		await lock.waiters(1);
		const cancel = applyCancel(store.db, store.tenantId, job.id);
		await lock.waiters(2);

		await lock.release();

		expect((await claim)?.job_id).toBe(job.id);
		expect(await cancel).toMatchObject({ state: "submitting" });
		expect((await cancel)?.cancel_requested_at).not.toBeNull();
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("of a job between two submissions leaves nothing of it running", async () => {
		const job = await aJob(store, { submission: "rejected", webhookUrl });

		const cancelled = await applyCancel(store.db, store.tenantId, job.id);

		expect(cancelled).toMatchObject({ state: "cancelled", charged: "no" });
		expect(submissionOf(job)).toMatch(/^sub_/);
		expect(await findViolations(store.db)).toEqual([]);
	});
});
