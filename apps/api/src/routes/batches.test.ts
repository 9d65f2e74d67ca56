import { createBatchSchema } from "@reelay/shared/contracts/batch-api";
import { finishBatches } from "@reelay/shared/store/batches";
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

const job = (more = {}) => ({ input: { prompt }, ...more });
const send = (body: unknown, headers: Record<string, string> = {}) =>
	stage.request("/v1/batches", { body, headers });
const countJobs = async () => {
	const rows = await stage.db.$queryRaw<{ n: number }[]>`
		select count(*)::int as n from job`;
	return rows[0]?.n;
};

describe("POST /v1/batches", () => {
	it("accepts every job, rings for all of them, and says where they are", async () => {
		const answer = await send({
			jobs: [job(), job({ priority: "high" })],
			metadata: { campaign: "spring" },
		});

		const ids = answer.json.items.map(
			(item: { job: { id: string } }) => item.job.id,
		);
		const listed = await stage.request(answer.json.links.jobs);
		expect(answer.status).toBe(202);
		expect(answer.headers.get("location")).toBe(
			`/v1/batches/${answer.json.id}`,
		);
		expect(answer.json).toMatchObject({
			state: "running",
			size: 2,
			counts: { queued: 2 },
			metadata: { campaign: "spring" },
		});
		expect(stage.rings).toEqual([{ kind: "submit", ids }]);
		expect(
			new Set(listed.json.data.map(({ id }: { id: string }) => id)),
		).toEqual(new Set(ids));
	});

	it("names every mistake of every job, and accepts none", async () => {
		const answer = await send({
			jobs: [
				job(),
				{ input: { prompt: "" } },
				job({ idempotency_key: "two words", tags: [7] }),
			],
			webhook_url: "http://169.254.169.254/",
		});

		const pointers = answer.json.errors.map(
			({ pointer }: { pointer: string }) => pointer,
		);
		expect(answer.status).toBe(422);
		expect(pointers).toEqual(
			expect.arrayContaining([
				"/webhook_url",
				"/jobs/1/input/prompt",
				"/jobs/2/idempotency_key",
				"/jobs/2/tags/0",
			]),
		);
		expect(await countJobs()).toBe(0);
	});

	it("tells of an item that is a repeat, and of one whose external id is taken", async () => {
		const { id } = await stage.createJob({ external_id: "order-7" });
		const earlier = await stage.request("/v1/jobs", {
			body: job(),
			headers: { "idempotency-key": "boat" },
		});

		const answer = await send({
			jobs: [
				job({ idempotency_key: "boat" }),
				job({ external_id: "order-7" }),
				job(),
			],
		});

		expect(answer.json.size).toBe(1);
		expect(answer.json.items).toMatchObject([
			{ index: 0, outcome: "replayed", job: { id: earlier.json.id } },
			{ index: 1, outcome: "refused", problem: { code: "external_id_taken" } },
			{ index: 2, outcome: "accepted", problem: null },
		]);
		expect(id).toBeTruthy();
	});

	it("gives one batch to a hundred requests with one key", async () => {
		const body = { jobs: [job(), job({ external_id: "order-7" })] };

		const answers = await Promise.all(
			Array.from({ length: 100 }, () =>
				send(body, { "idempotency-key": "campaign" }),
			),
		);

		const items = answers.map(({ json }) => JSON.stringify(json.items));
		const replayed = answers.filter(({ headers }) =>
			headers.has("idempotency-replayed"),
		);
		expect(new Set(answers.map(({ status }) => status))).toEqual(
			new Set([202]),
		);
		expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
		expect(new Set(items.map((text) => text.length)).size).toBe(1);
		expect(replayed).toHaveLength(99);
		expect(await countJobs()).toBe(2);
	});

	it("refuses a key that stood for another batch", async () => {
		const headers = { "idempotency-key": "campaign" };
		await send({ jobs: [job()] }, headers);

		const answer = await send({ jobs: [job({ priority: "low" })] }, headers);

		expect(answer.status).toBe(422);
		expect(answer.json.code).toBe("idempotency_key_reused");
	});

	it("accepts none where a budget does not allow all", async () => {
		const limit = (points: number) =>
			stage.request("/v1/budgets/tenant/day", {
				method: "PUT",
				body: { limit_points: points },
			});
		const preview = await stage.request("/v1/jobs/validate", { body: job() });
		const { points } = preview.json.estimate;
		await limit(2 * points);

		const tooMuch = await send({ jobs: [job(), job(), job()] });
		const none = await countJobs();
		const enough = await send({ jobs: [job(), job()] });
		await stage.request("/v1/budgets/tenant/day", { method: "DELETE" });

		expect(tooMuch.json).toMatchObject({
			status: 402,
			code: "budget_exceeded",
		});
		expect(none).toBe(0);
		expect([enough.status, enough.json.size]).toEqual([202, 2]);
	});

	it("takes a hundred jobs and no more", async () => {
		const most = createBatchSchema.shape.jobs.safeParse(Array(100).fill(job()));
		const full = await send({ jobs: Array(100).fill(job()) });
		const over = await send({ jobs: Array(101).fill(job()) });

		expect(most.success).toBe(true);
		expect([full.status, full.json.size]).toEqual([202, 100]);
		expect(over.status).toBe(422);
	});
});

describe("a batch", () => {
	it("is cancelled job by job, and says what that did", async () => {
		const { json } = await send({ jobs: [job(), job()] });
		const first = await stage.request(`${json.links.self}/cancel`, {
			method: "POST",
		});
		const second = await stage.request(json.links.cancel, { method: "POST" });

		await finishBatches(stage.db, 10);
		const after = await stage.request(json.links.self);

		expect(first.json.cancel).toEqual({ cancelled: 2, requested: 0, none: 0 });
		expect(second.json.cancel).toEqual({ cancelled: 0, requested: 0, none: 2 });
		expect(after.json).toMatchObject({
			state: "finished",
			counts: { cancelled: 2, queued: 0 },
		});
	});

	it("is one of another tenant's for nobody else", async () => {
		const { json } = await send({ jobs: [job()] });
		const key = await stage.aStrangersKey();

		const read = await stage.request(json.links.self, { key });
		const list = await stage.request("/v1/batches", { key });

		expect(read.status).toBe(404);
		expect(list.json.data).toEqual([]);
	});
});
