import { findViolations } from "@reelay/shared/testing/audit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	failure,
	failures,
	progress,
	success,
	successes,
	videoUrl,
} from "../testing/bodies.ts";
import { find as findIn } from "../testing/rows.ts";
import { post, type ReceiverStage, setStage } from "../testing/stage.ts";

let stage: ReceiverStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(async () => {
	expect(await findViolations(stage.db)).toEqual([]);
	await stage.close();
});

const find = (jobId: string) => findIn(stage, jobId);

describe("200 for a success", () => {
	it.each(successes)(
		"of the shape %s ends the job with its video",
		async (_shape, body) => {
			const { jobId, path } = await stage.aRendering({
				webhookUrl: "https://hooks.example.com/",
			});

			const answer = await stage.post(path, body);

			expect(answer.status).toBe(200);
			expect(answer.text).toBe("");
			expect(await find(jobId)).toMatchObject({
				state: "succeeded",
				submission_state: "succeeded",
				charged: "yes",
				result: { result_urls: [videoUrl], task_id: "task-1" },
				error: null,
				provider_task_id: "task-1",
				events: ["video.succeeded"],
				deliveries: 1,
				callbacks: ["settled"],
			});
		},
	);

	it.each(["submitting", "unknown", "overdue"] as const)(
		"ends a job that is %s",
		async (state) => {
			const { jobId, path } = await stage.aRendering({ state });

			await stage.post(path, success);

			expect((await find(jobId)).state).toBe("succeeded");
		},
	);

	it("rings for the delivery, then for the freed slot", async () => {
		const { path, submissionId } = await stage.aRendering({
			webhookUrl: "https://hooks.example.com/",
		});

		await stage.post(path, success);

		expect(stage.rings.slice(-2)).toEqual([
			{ kind: "deliver", ids: [submissionId] },
			{ kind: "submit", ids: [submissionId] },
		]);
	});

	it("ends a job whose cancel was asked for as cancelled, and keeps the video", async () => {
		const { jobId, path } = await stage.aRendering({ cancelRequested: true });

		await stage.post(path, success);

		expect(await find(jobId)).toMatchObject({
			state: "cancelled",
			charged: "yes",
			result: { result_urls: [videoUrl] },
			events: ["video.cancelled"],
		});
	});

	it("keeps one that comes after the end as surplus, and leaves the job as it ended", async () => {
		const { jobId, path } = await stage.aRendering();
		await stage.post(path, failure);

		await stage.post(path, success);

		expect(await find(jobId)).toMatchObject({
			state: "failed",
			submission_state: "succeeded",
			charged: "yes",
			cost_points: 120,
			result: null,
			events: ["video.failed", "video.surplus_result"],
			callbacks: ["settled", "surplus"],
		});
	});
});

describe("200 for a failure", () => {
	it.each(failures)(
		"of the shape %s ends the job with the provider's own words",
		async (_shape, body) => {
			const { jobId, path } = await stage.aRendering();

			const { status } = await stage.post(path, body);

			expect(status).toBe(200);
			expect(await find(jobId)).toMatchObject({
				state: "failed",
				submission_state: "failed",
				charged: "no",
				error: { code: "provider_failed", message: "It broke" },
				events: ["video.failed"],
			});
		},
	);

	it("is ignored after a success", async () => {
		const { jobId, path } = await stage.aRendering();
		await stage.post(path, success);

		const { status } = await stage.post(path, failure);

		expect(status).toBe(200);
		expect(await find(jobId)).toMatchObject({
			state: "succeeded",
			events: ["video.succeeded"],
			callbacks: ["settled", "ignored"],
		});
	});
});

describe("200 for progress", () => {
	it.each(["submitting", "unknown"] as const)(
		"shows that the provider took a job that is %s, whatever URLs it names",
		async (state) => {
			const { jobId, path } = await stage.aRendering({ state });

			const { status } = await stage.post(path, progress);

			expect(status).toBe(200);
			expect(await find(jobId)).toMatchObject({
				state: "rendering",
				submission_state: "accepted",
				result: null,
				events: [],
				callbacks: ["progress"],
			});
		},
	);

	it("changes nothing after the end", async () => {
		const { jobId, path } = await stage.aRendering();
		await stage.post(path, success);
		const before = await find(jobId);

		await stage.post(path, progress);

		expect(await find(jobId)).toEqual({
			...before,
			callbacks: ["settled", "progress"],
		});
	});
});

describe("200 for the same again", () => {
	it("a hundred times at once, on two receivers, makes one event", async () => {
		const { jobId, path } = await stage.aRendering({
			webhookUrl: "https://hooks.example.com/",
		});
		const urls = [stage.url, (await stage.serveAnother()).url];

		const answers = await Promise.all(
			Array.from({ length: 100 }, (_, n) =>
				post(`${urls[n % 2]}${path}`, success),
			),
		);

		expect(answers.every(({ status }) => status === 200)).toBe(true);
		expect(await find(jobId)).toMatchObject({
			events: ["video.succeeded"],
			deliveries: 1,
			callbacks: ["settled"],
		});
	});

	it("with a success and a failure racing, lets one of them end the job", async () => {
		const { jobId, path } = await stage.aRendering();

		await Promise.all(
			Array.from({ length: 20 }, (_, n) =>
				stage.post(path, n % 2 === 0 ? success : failure),
			),
		);

		const row = await find(jobId);
		expect(row.submission_state).toBe("succeeded");
		expect(row.events[0]).toBe(`video.${row.state}`);
		expect(row.callbacks).toHaveLength(2);
	});
});
