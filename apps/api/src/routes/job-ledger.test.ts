import { applyReport } from "@reelay/shared/store/apply-report";
import { settleSubmission } from "@reelay/shared/store/settle";
import {
	aJob,
	aSubmission,
	submissionOf,
} from "@reelay/shared/testing/factories";
import {
	anOutput,
	aReceivedCallback,
	aSuccess,
} from "@reelay/shared/testing/reports";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterEach(() => clearTestStore(stage.store));
afterAll(() => stage.close());

const get = (path: string, key?: string) =>
	stage.request(`/v1/jobs/${path}`, key === undefined ? {} : { key });

describe("GET /v1/jobs/{id}/submissions 200", () => {
	it("shows each POST, what it cost, and the result of the one that brought it", async () => {
		const job = await aJob(stage.store, {
			state: "queued",
			submission: "rejected",
		});
		const second = await aSubmission(stage.store, job.id, {
			state: "accepted",
			taskId: "task-2",
		});
		await settleSubmission(stage.db, aSuccess(second, { httpStatus: 200 }));

		const { status, json } = await get(`${job.id}/submissions`);

		expect(status).toBe(200);
		expect(json.data).toMatchObject([
			{
				id: submissionOf(job),
				n: 1,
				state: "rejected",
				cost: { points: null, charged: "no" },
				result: null,
			},
			{
				id: second,
				n: 2,
				state: "succeeded",
				task_id: "task-2",
				http_status: 200,
				cost: { points: 120, charged: "yes" },
				result: { urls: anOutput().result_urls, model: "kling-3.0" },
				settled_at: expect.any(String),
			},
		]);
		expect(json).toMatchObject({ has_more: false, next_after: "2" });
	});

	it("gives pages", async () => {
		const job = await aJob(stage.store, {
			state: "queued",
			submission: "rejected",
		});
		await aSubmission(stage.store, job.id, { state: "rejected" });

		const first = await get(`${job.id}/submissions?limit=1`);
		const second = await get(
			`${job.id}/submissions?after=${first.json.next_after}`,
		);

		const numbers = [first, second].map(({ json }) => json.data[0].n);
		expect(numbers).toEqual([1, 2]);
		expect([first.json.has_more, second.json.has_more]).toEqual([true, false]);
	});
});

describe("GET /v1/jobs/{id}/callbacks 200", () => {
	it("shows what the provider really said, and what came of it", async () => {
		const job = await aJob(stage.store, { state: "rendering" });
		const submissionId = submissionOf(job);
		await applyReport(stage.db, {
			submissionId,
			report: { kind: "progress", output: anOutput() },
			received: aReceivedCallback("progress", '{"state":"running"}'),
		});
		await applyReport(stage.db, {
			submissionId,
			report: { kind: "unreadable", reason: "it is not JSON", output: null },
			received: aReceivedCallback("unreadable", "<html>".padEnd(70_000)),
		});

		const { status, json } = await get(`${job.id}/callbacks`);

		expect(status).toBe(200);
		expect(json.data).toMatchObject([
			{
				id: expect.stringMatching(/^cb_\d{12}$/),
				submission_id: submissionId,
				kind: "progress",
				outcome: "progress",
				body: '{"state":"running"}',
				body_is_cut: false,
			},
			{ outcome: "quarantined", reason: "it is not JSON", body_is_cut: true },
		]);
		expect(json.data[1].body).toHaveLength(64 * 1024);
		expect(json.next_after).toBe(json.data[1].id);
		const rest = await get(`${job.id}/callbacks?after=${json.data[0].id}`);
		expect(rest.json.data).toHaveLength(1);
	});
});

describe.each(["submissions", "callbacks"])(
	"GET /v1/jobs/{id}/%s",
	(ledger) => {
		it("404 is the answer for another tenant's job, and for one that never was", async () => {
			const job = await aJob(stage.store, { state: "rendering" });

			const answers = [
				await get(`${job.id}/${ledger}`, await stage.aStrangersKey()),
				await get(`job_01k0aj5m8gq4w3n7y2e6c9vb1d/${ledger}`),
				await get(`x/${ledger}`),
			];

			for (const { status, json } of answers) {
				expect([status, json.code]).toEqual([404, "not_found"]);
			}
		});

		it("403 is the answer to a key without the scope jobs:read", async () => {
			const key = await stage.aKey(undefined, ["webhooks"]);

			expect((await get(`x/${ledger}`, key)).status).toBe(403);
		});

		it("422 is the answer to a query with mistakes", async () => {
			const job = await aJob(stage.store);

			const { status } = await get(`${job.id}/${ledger}?after=x`);

			expect(status).toBe(422);
		});

		it("is where the job's link leads", async () => {
			const job = await aJob(stage.store);
			const { json } = await get(job.id);

			const { status } = await stage.request(json.links[ledger]);

			expect(status).toBe(200);
		});
	},
);
