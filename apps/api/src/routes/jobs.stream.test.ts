import { settleSubmission } from "@reelay/shared/store/settle";
import { acceptSubmission } from "@reelay/shared/store/submissions";
import {
	aJob,
	submissionOf,
	type TestJob,
} from "@reelay/shared/testing/factories";
import { aFailure, aSuccess } from "@reelay/shared/testing/reports";
import { clearTestStore } from "@reelay/shared/testing/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ApiStage, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
beforeEach(() => clearTestStore(stage.store));
afterAll(() => stage.close());

const streamOf = (
	job: { id: string },
	query = "",
	headers: Record<string, string> = {},
) => stage.stream(`/v1/jobs/${job.id}/events${query}`, { headers });
const pageOf = async (job: { id: string }) =>
	(await stage.request(`/v1/jobs/${job.id}/events`)).json.data as {
		id: string;
		type: string;
	}[];
const typesOf = (messages: { event?: string | undefined }[]) =>
	messages.map(({ event }) => event);
const accept = (job: TestJob) =>
	acceptSubmission(stage.db, {
		submissionId: submissionOf(job),
		taskId: null,
		httpStatus: 200,
		callback: null,
	});
const succeed = (job: TestJob) =>
	settleSubmission(stage.db, aSuccess(submissionOf(job)));

describe("GET /v1/jobs/{id}/events as a stream 200", () => {
	it("follows the job from its first entry to its last, then says that this was the end, and ends", async () => {
		const job = await aJob(stage.store, { state: "submitting" });
		const stream = await streamOf(job);
		await stream.until(2);
		await accept(job);
		await stream.until(3);
		await succeed(job);

		const how = await stream.ended;

		expect(how).toBe("complete");
		const entries = (await pageOf(job)).map((entry) => ({
			id: entry.id,
			event: entry.type,
			data: JSON.stringify(entry),
		}));
		expect(typesOf(entries)).toEqual([
			"accepted",
			"submitting",
			"rendering",
			"succeeded",
		]);
		expect(stream.messages()).toEqual([
			...entries,
			{
				id: undefined,
				event: "end",
				data: JSON.stringify({ job_id: job.id, state: "succeeded" }),
			},
		]);
	});

	it.each(["succeeded", "failed", "cancelled", "expired"] as const)(
		"tells all of a job that is %s, and ends",
		async (state) => {
			const job = await aJob(stage.store, { state });

			const stream = await streamOf(job);
			await stream.ended;

			const types = (await pageOf(job)).map(({ type }) => type);
			expect(types.at(-1)).toBe(state);
			expect(typesOf(stream.messages())).toEqual([...types, "end"]);
		},
	);

	it("tells also what came behind the last entry, such as a second video", async () => {
		const job = await aJob(stage.store, {
			state: "expired",
			submission: "rejected",
		});
		await succeed(job);

		const stream = await streamOf(job);
		await stream.ended;

		expect(typesOf(stream.messages()).slice(-3)).toEqual([
			"expired",
			"surplus_result",
			"end",
		]);
	});

	it("resumes strictly behind Last-Event-ID, whatever `after` says", async () => {
		const job = await aJob(stage.store, { state: "succeeded" });
		const entries = await pageOf(job);

		const stream = await streamOf(job, "?after=0", {
			"last-event-id": String(entries[1]?.id),
		});
		await stream.ended;

		expect(typesOf(stream.messages())).toEqual([
			"rendering",
			"succeeded",
			"end",
		]);
	});

	it("begins with the present on `after=now`, and tells what to resume behind", async () => {
		const job = await aJob(stage.store, { state: "rendering" });
		const newest = (await pageOf(job)).at(-1);
		const stream = await streamOf(job, "?after=now");
		await settleSubmission(stage.db, aFailure(submissionOf(job)));

		await stream.ended;

		expect(typesOf(stream.messages())).toEqual(["failed", "end"]);
		expect(stream.text()).toContain(`\n\nid: ${newest?.id}\n\n`);
	});

	it("keeps apart the jobs that are followed at once", async () => {
		const jobs = await Promise.all(
			Array.from({ length: 20 }, () =>
				aJob(stage.store, { state: "rendering" }),
			),
		);
		const streams = await Promise.all(jobs.map((job) => streamOf(job)));

		await Promise.all(jobs.map(succeed));
		await Promise.all(streams.map(({ ended }) => ended));

		for (const [n, stream] of streams.entries()) {
			expect(typesOf(stream.messages())).toEqual([
				"accepted",
				"submitting",
				"rendering",
				"succeeded",
				"end",
			]);
			expect(JSON.parse(stream.messages().at(-1)?.data ?? "").job_id).toBe(
				jobs[n]?.id,
			);
		}
	});

	it("loses and doubles nothing of a job that moves while streams begin", async () => {
		const jobs = await Promise.all(
			Array.from({ length: 12 }, () =>
				aJob(stage.store, { state: "submitting" }),
			),
		);

		const streams = await Promise.all(
			jobs.flatMap((job) => [
				streamOf(job),
				accept(job).then(() => streamOf(job)),
				accept(job)
					.then(() => succeed(job))
					.then(() => streamOf(job)),
			]),
		);
		await Promise.all(streams.map(({ ended }) => ended));

		for (const stream of streams) {
			expect(typesOf(stream.messages())).toEqual([
				"accepted",
				"submitting",
				"rendering",
				"succeeded",
				"end",
			]);
		}
	});
});

describe("GET /v1/jobs/{id}/events as a stream 204", () => {
	it("stops a client that connected again behind the last entry of a final job", async () => {
		const job = await aJob(stage.store, { state: "failed" });
		const last = (await pageOf(job)).at(-1);

		const stream = await streamOf(job, "", {
			"last-event-id": String(last?.id),
		});

		expect(stream.status).toBe(204);
		expect(await stream.ended).toBe("complete");
	});

	it("is not for a job that goes on", async () => {
		const job = await aJob(stage.store, { state: "rendering" });
		const last = (await pageOf(job)).at(-1);
		const stream = await streamOf(job, "", {
			"last-event-id": String(last?.id),
		});

		await succeed(job);
		await stream.ended;

		expect(stream.status).toBe(200);
		expect(typesOf(stream.messages())).toEqual(["succeeded", "end"]);
	});
});

describe("GET /v1/jobs/{id}/events as a stream, refused", () => {
	it("404: does not know another tenant's job", async () => {
		const job = await aJob(stage.store);
		const key = await stage.aStrangersKey();

		const stream = await stage.stream(`/v1/jobs/${job.id}/events`, { key });
		await stream.ended;

		expect(stream.status).toBe(404);
		expect(JSON.parse(stream.text()).code).toBe("not_found");
	});

	it("403: refuses a key without the scope jobs:read", async () => {
		const job = await aJob(stage.store);
		const key = await stage.aKey(undefined, ["jobs:write"]);

		const streams = await Promise.all([
			stage.stream(`/v1/jobs/${job.id}/events`, { key }),
			stage.stream("/v1/events", { key }),
		]);

		expect(streams.map(({ status }) => status)).toEqual([403, 403]);
	});

	it("422: refuses a Last-Event-ID that no entry has", async () => {
		const job = await aJob(stage.store);

		const stream = await streamOf(job, "", { "last-event-id": "evt_x" });
		await stream.ended;

		expect(stream.status).toBe(422);
		expect(JSON.parse(stream.text()).errors).toMatchObject([
			{ header: "Last-Event-ID" },
		]);
	});
});

describe("the page of a timeline", () => {
	it("is empty on `after=now`, and its next_after is the newest entry", async () => {
		const job = await aJob(stage.store, { state: "rendering" });
		const newest = (await pageOf(job)).at(-1);

		const { json } = await stage.request(`/v1/jobs/${job.id}/events?after=now`);

		expect(json).toEqual({ data: [], has_more: false, next_after: newest?.id });
	});
});
