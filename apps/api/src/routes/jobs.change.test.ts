import { aJob } from "@reelay/shared/testing/factories";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, prompt, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
beforeEach(async () => {
	await clearTestStore(stage.store);
	stage.rings.length = 0;
});
afterAll(() => stage.close());

async function aFailedJob(more: Record<string, unknown> = {}) {
	const job = await stage.createJob({
		input: { prompt, duration: "10", sound: true },
		tags: ["a"],
		metadata: { k: "v" },
		priority: "high",
		...more,
	});
	await stage.request(job.links.cancel, { method: "POST" });
	return job;
}
const retry = (id: string, body?: unknown) =>
	stage.request(`/v1/jobs/${id}/retry`, { method: "POST", body });

describe("POST /v1/jobs/{id}/retry", () => {
	it("accepts a job like the one that has ended, and rings for it", async () => {
		const job = await aFailedJob({ external_id: "order-7" });

		const answer = await retry(job.id);

		expect(answer.status).toBe(202);
		expect(answer.json).toMatchObject({
			state: "queued",
			retry_of: job.id,
			input: job.input,
			tags: ["a"],
			metadata: { k: "v" },
			priority: "high",
			external_id: null,
		});
		expect(stage.rings.at(-1)).toEqual({
			kind: "submit",
			ids: [answer.json.id],
		});
	});

	it("takes changes as a merge patch, and checks what comes of them", async () => {
		const job = await aFailedJob();

		const wrong = await retry(job.id, { input: { duration: "99" } });
		const right = await retry(job.id, {
			input: { duration: "5", sound: null },
			priority: "low",
		});

		expect(wrong.status).toBe(422);
		expect(wrong.json.errors[0].pointer).toBe("/input/duration");
		expect(right.json).toMatchObject({
			input: { prompt, duration: "5", sound: false },
			priority: "low",
		});
	});

	it("gives one job to fifty who ask at once", async () => {
		const job = await aFailedJob();

		const answers = await Promise.all(
			Array.from({ length: 50 }, () => retry(job.id)),
		);

		expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
		expect(
			answers.filter(({ headers }) => headers.has("idempotency-replayed")),
		).toHaveLength(49);
	});

	it("refuses other changes once it has been retried, and names the job", async () => {
		const job = await aFailedJob();
		const first = await retry(job.id);

		const second = await retry(job.id, { priority: "low" });

		expect(second.json).toMatchObject({ status: 409, code: "already_retried" });
		expect(second.json.detail).toContain(first.json.id);
	});

	it.each(["queued", "rendering", "overdue", "succeeded"] as const)(
		"refuses a job that is %s",
		async (state) => {
			const job = await aJob(stage.store, { state });

			const answer = await retry(job.id);

			expect(answer.json).toMatchObject({ status: 409, code: "not_retryable" });
		},
	);

	it("is written down with who asked for it, and without the content of the changes", async () => {
		const job = await aFailedJob();
		await retry(job.id, { input: { prompt: "another" } });

		const audits = await stage.db.$queryRaw<object[]>`
			select action, data from audit where target = ${job.id}`;

		expect(audits).toEqual([
			{ action: "job.retry", data: { changes: ["input"] } },
		]);
	});

	it("knows no other tenant's job", async () => {
		const job = await aFailedJob();
		const key = await stage.aStrangersKey();

		const answer = await stage.request(`/v1/jobs/${job.id}/retry`, {
			method: "POST",
			key,
		});

		expect(answer.status).toBe(404);
	});
});

describe("DELETE /v1/jobs/{id}", () => {
	const erase = (id: string) =>
		stage.request(`/v1/jobs/${id}`, { method: "DELETE" });

	it("leaves what it cost, and nothing of what was asked for", async () => {
		const job = await aJob(stage.store, { state: "succeeded" });

		const first = await erase(job.id);
		const second = await erase(job.id);
		const read = await stage.request(`/v1/jobs/${job.id}`);

		expect(first.json).toMatchObject({
			state: "succeeded",
			input: {},
			result: { urls: [] },
			cost: { points: job.cost_points, charged: "yes" },
		});
		expect(second.json).toEqual(first.json);
		expect(read.json).toEqual(first.json);
	});

	it("refuses a job that may still get its video, and says what to do", async () => {
		const job = await stage.createJob();

		const answer = await erase(job.id);

		expect(answer.json).toMatchObject({ status: 409, code: "not_final" });
		expect(answer.json.detail).toContain("Cancel it");
	});

	it("keeps a key's promise: the same request does not pay again", async () => {
		const headers = { "idempotency-key": "order-7" };
		const created = await stage.request("/v1/jobs", {
			body: { input: { prompt } },
			headers,
		});
		await stage.request(created.json.links.cancel, { method: "POST" });
		await erase(created.json.id);

		const again = await stage.request("/v1/jobs", {
			body: { input: { prompt } },
			headers,
		});

		expect(again.json.id).toBe(created.json.id);
		expect(again.headers.get("idempotency-replayed")).toBe("true");
	});

	it("is written down with who did it", async () => {
		const job = await aJob(stage.store, { state: "failed" });
		await erase(job.id);

		const audits = await stage.db.$queryRaw<{ action: string }[]>`
			select action from audit where target = ${job.id}`;

		expect(audits).toEqual([{ action: "job.erase" }]);
	});
});

describe("POST /v1/jobs/validate", () => {
	const validate = (body: unknown) =>
		stage.request("/v1/jobs/validate", { body });

	it("shows the input as it would be sent, and stores nothing", async () => {
		const answer = await validate({ input: { prompt } });

		const rows = await stage.db.$queryRaw<unknown[]>`select 1 as one from job`;
		expect(answer.status).toBe(200);
		expect(answer.json).toMatchObject({
			valid: true,
			mode: "text",
			input: { prompt, duration: "5" },
			estimate: { points: expect.any(Number), render_s_p50: null },
		});
		expect(rows).toEqual([]);
		expect(stage.rings).toEqual([]);
	});

	it("answers as a create would, to mistakes and to an external id that is taken", async () => {
		await stage.createJob({ external_id: "order-7" });
		const body = { input: { prompt: "" }, priority: "urgent" };

		const [wrong, create, taken] = await Promise.all([
			validate(body),
			stage.request("/v1/jobs", { body }),
			validate({ input: { prompt }, external_id: "order-7" }),
		]);

		expect(wrong.status).toBe(422);
		expect(wrong.json.errors).toEqual(create.json.errors);
		expect(taken.json.code).toBe("external_id_taken");
	});

	it("says how long such renders took, once there are some", async () => {
		const job = await aJob(stage.store, { state: "succeeded" });
		await stage.db.$executeRaw`
			update job set submitted_at = finished_at - interval '80 s' where id = ${job.id}`;

		const answer = await validate({ input: { prompt } });

		expect(answer.json.estimate).toMatchObject({
			render_s_p50: 80,
			render_s_p90: 80,
		});
	});
});
