import { settleSubmission } from "@reelay/shared/store/settle";
import { eventually } from "@reelay/shared/testing/eventually";
import { aJob, submissionOf } from "@reelay/shared/testing/factories";
import { aSuccess } from "@reelay/shared/testing/reports";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, prompt, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage({ limits: { maxStreamsOfTenant: 2 } });
});
beforeEach(() => clearTestStore(stage.store));
afterAll(() => stage.close());

const prefer = (value: string) => ({ headers: { prefer: value } });
const read = (id: string, options = {}) =>
	stage.request(`/v1/jobs/${id}`, options);

describe("Prefer: wait", () => {
	it("answers as soon as the job has ended", async () => {
		const job = await aJob(stage.store, { state: "rendering" });
		const waiting = read(job.id, prefer("wait=60"));
		await settleSubmission(stage.db, aSuccess(submissionOf(job)));

		const answer = await waiting;

		expect(answer.json.state).toBe("succeeded");
		expect(answer.headers.has("retry-after")).toBe(false);
	});

	it("says that it was heard, and waits for no longer than a minute", async () => {
		const job = await aJob(stage.store, { state: "rendering" });
		const waiting = read(job.id, prefer("respond-async, wait=3600"));
		await untilSomebodyWaits();
		await settleSubmission(stage.db, aSuccess(submissionOf(job)));

		const answer = await waiting;

		expect(answer.headers.get("preference-applied")).toBe("wait=60");
	});

	it("answers with the job as it is when the time is over", async () => {
		const job = await aJob(stage.store, { state: "rendering" });

		const answer = await read(job.id, prefer("wait=1"));

		expect(answer.json.state).toBe("rendering");
		expect(answer.headers.get("preference-applied")).toBe("wait=1");
		expect(answer.headers.get("retry-after")).toBe("5");
	});

	it("does not wait for a job that has ended, or for what it does not understand", async () => {
		const ended = await aJob(stage.store, { state: "failed" });
		const live = await aJob(stage.store, { state: "rendering" });

		const answers = await Promise.all([
			read(ended.id, prefer("wait=60")),
			read(live.id, prefer("wait=soon")),
			read(live.id, prefer("handling=strict")),
		]);

		for (const { headers } of answers) {
			expect(headers.has("preference-applied")).toBe(false);
		}
	});

	it("answers at once where as many wait as may", async () => {
		const job = await aJob(stage.store, { state: "rendering" });
		const waiting = [1, 2].map(() => read(job.id, prefer("wait=60")));
		await untilSomebodyWaits(2);

		const third = await read(job.id, prefer("wait=60"));
		await settleSubmission(stage.db, aSuccess(submissionOf(job)));

		expect(third.json.state).toBe("rendering");
		expect(third.headers.has("preference-applied")).toBe(false);
		for (const { json } of await Promise.all(waiting)) {
			expect(json.state).toBe("succeeded");
		}
	});

	it("waits for a job that it creates, which stands whether or not anybody waits", async () => {
		const creating = stage.request("/v1/jobs", {
			body: { input: { prompt } },
			...prefer("wait=60"),
		});
		await untilSomebodyWaits();
		const [row] = await stage.db.$queryRaw<
			{ id: string }[]
		>`select id from job`;
		await stage.request(`/v1/jobs/${row?.id}/cancel`, { method: "POST" });

		const answer = await creating;

		expect(answer.status).toBe(202);
		expect(answer.json).toMatchObject({ id: row?.id, state: "cancelled" });
	});

	/** Whoever waits counts as an open stream; one more than may be open shows that they do. */
	const untilSomebodyWaits = (count = 1) =>
		eventually(async () => {
			expect(stage.streams.countOf(stage.store.tenantId)).toBe(count);
		});
});

describe("ETag", () => {
	it("answers 304 while the job is as it was, and no longer", async () => {
		const job = await aJob(stage.store, { state: "rendering" });
		const first = await read(job.id);
		const headers = { "if-none-match": String(first.headers.get("etag")) };

		const same = await read(job.id, { headers });
		await settleSubmission(stage.db, aSuccess(submissionOf(job)));
		const other = await read(job.id, { headers });

		expect([same.status, same.text]).toEqual([304, ""]);
		expect(other.status).toBe(200);
		expect(other.headers.get("etag")).not.toBe(first.headers.get("etag"));
	});
});

describe("what a queued job may expect", () => {
	it("is its position, among its own and the others' jobs", async () => {
		const first = await stage.createJob();
		const second = await stage.createJob();
		const high = await stage.createJob({ priority: "high" });

		const positions = [];
		for (const { id } of [high, first, second]) {
			positions.push((await read(id)).json.queue_position);
		}

		expect(positions).toEqual([1, 2, 3]);
	});

	it("is when it will be done, by what renders took lately", async () => {
		const done = await aJob(stage.store, { state: "succeeded" });
		await stage.db.$executeRaw`
			update job set submitted_at = finished_at - interval '80 s' where id = ${done.id}`;
		const { id } = await stage.createJob();

		const { json } = await read(id);

		const from = Date.parse(json.created_at);
		const likely = Date.parse(json.estimated_completion_at);
		expect(likely).toBeGreaterThanOrEqual(from + 80_000);
		expect(likely).toBeLessThan(from + 160_000);
		expect(Date.parse(json.estimated_latest_at)).toBeGreaterThanOrEqual(likely);
	});

	it("is not told where there is no history, nor of a job that has ended", async () => {
		const queued = await stage.createJob();
		const before = await read(queued.id);
		await stage.request(`/v1/jobs/${queued.id}/cancel`, { method: "POST" });

		const after = await read(queued.id);

		expect(before.json.estimated_completion_at).toBeNull();
		expect(after.json).toMatchObject({
			queue_position: null,
			estimated_completion_at: null,
		});
	});
});
