import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jobStates } from "../domain/job.ts";
import type { JobRecord } from "../domain/job-record.ts";
import { insertJob } from "../store/accept.ts";
import { findJob } from "../store/jobs.ts";
import { settleSubmission } from "../store/settle.ts";
import { aJob, aNewJob, submissionOf } from "../testing/factories.ts";
import { aFailure, aSuccess } from "../testing/reports.ts";
import { openTestStore, type TestStore } from "../testing/store.ts";
import { eventBody } from "./event.ts";
import { presentJob } from "./job-view.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterAll(() => store.close());

async function readEvent(jobId: string) {
	const [event] = await store.db.$queryRaw<
		{ type: string; at: Date; job_id: string; snapshot: JobRecord }[]
	>`select type, created_at as at, job_id, snapshot from event where job_id = ${jobId} order by id limit 1`;
	if (event === undefined) throw new Error("there is no event");
	return event;
}
const view = async (id: string) => {
	const job = await findJob(store.db, store.tenantId, id);
	if (job === null) throw new Error("there is no job");
	return JSON.parse(JSON.stringify(presentJob(job)));
};

describe("presentJob", () => {
	it.each([
		["succeeds", (id: string) => settleSubmission(store.db, aSuccess(id))],
		["fails", (id: string) => settleSubmission(store.db, aFailure(id))],
	] as const)(
		"shows a job that %s the same in its event as in a GET",
		async (_how, settle) => {
			const job = await aJob(store, {
				state: "rendering",
				webhookUrl,
				externalId: `order-${_how}`,
			});

			await settle(submissionOf(job));

			const body = JSON.parse(eventBody(await readEvent(job.id)));
			expect(body.data).toEqual(await view(job.id));
		},
	);

	it("shows an instant to the millisecond, however it reaches us", async () => {
		const job = await aJob(store, { state: "failed" });
		await store.db.$executeRaw`
			update job set created_at = '2026-01-02T03:04:05.678999Z' where id = ${job.id}`;
		await store.db.$executeRaw`
			update event set snapshot = (select to_jsonb(job) from job where id = ${job.id}) where job_id = ${job.id}`;

		const fromRow = await view(job.id);
		const fromEvent = presentJob((await readEvent(job.id)).snapshot);

		expect(fromRow.created_at).toBe("2026-01-02T03:04:05.678Z");
		expect(fromEvent.created_at).toBe(fromRow.created_at);
	});

	it.each(jobStates)("shows every field of a job that is %s", async (state) => {
		const job = await aJob(store, { state });

		const shown = presentJob(job);

		expect(Object.values(shown)).not.toContain(undefined);
		expect(shown).toMatchObject({ id: job.id, state, priority: "normal" });
		expect(shown.result === null).toBe(state !== "succeeded");
		expect(shown.error === null).toBe(
			state !== "failed" && state !== "expired",
		);
		expect(shown.finished_at === null).toBe(
			!["succeeded", "failed", "cancelled", "expired"].includes(state),
		);
	});

	it("tells nothing that is ours alone", async () => {
		const job = await insertJob(
			store.db,
			aNewJob(store, { idempotencyKey: "secret-key" }),
		);

		const text = JSON.stringify(presentJob(job as JobRecord));

		expect(text).not.toContain("secret-key");
		expect(text).not.toMatch(/tenant|fingerprint|hinted|lease/);
	});

	it("says what the job waits for when it is told", async () => {
		const job = await aJob(store);

		expect(presentJob(job).waiting_for).toBeNull();
		expect(presentJob(job, { waitingFor: "run_at" }).waiting_for).toBe(
			"run_at",
		);
	});
});

describe("eventBody", () => {
	it("is the same text for every attempt, whatever becomes of the job", async () => {
		const job = await aJob(store, {
			state: "failed",
			submission: "lapsed",
			webhookUrl,
		});

		const first = eventBody(await readEvent(job.id));
		await settleSubmission(store.db, aSuccess(submissionOf(job)));
		const second = eventBody(await readEvent(job.id));

		expect(second).toBe(first);
		expect(JSON.parse(first)).toMatchObject({
			type: "video.failed",
			timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
			data: { id: job.id, state: "failed", surplus_results: 0 },
		});
	});
});
