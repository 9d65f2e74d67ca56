import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	call,
	eventsOf,
	outcomesOf,
	silent,
	startRendering,
} from "./callback-scene.ts";
import {
	providerBell as bell,
	openProviderStage,
	type ProviderStage,
} from "./provider-stage.ts";
import { reportFault } from "./report.ts";

describe("callbacks", () => {
	let stage: ProviderStage;
	beforeAll(async () => {
		stage = await openProviderStage();
	});
	afterAll(async () => stage?.close());

	const report = (row: number, fault: string, invariants = "I3 I4 I5") =>
		reportFault({ row, fault, bell, invariants, recoveryMs: null });

	it("36: end a job when they come before the POST is answered", async () => {
		const job = await stage.createScripted({
			behaviour: { answer_delay_ms: 1_000, callback: { early: true } },
		});

		const [ended] = await stage.settle([job.id]);
		await eventually(async () => {
			const { posts } = await stage.ledgerOf(job.prompt);
			expect(posts).toMatchObject([{ status: 200, charged: true }]);
		});

		expect(ended).toMatchObject({ state: "succeeded", submissions: 1 });
		expect(await eventsOf(stage, job.id)).toEqual([
			{ type: "video.succeeded", sequence: 1 },
		]);
		await stage.audit([job.id]);
		report(36, "callback comes before the POST's answer");
	});

	it("37: settle a job once when a hundred copies come to three receivers at the same time, and all are answered 200", async () => {
		const job = await startRendering(stage);

		const others = [await stage.startReceiver(), await stage.startReceiver()];
		const urls = [stage.receiverUrl, ...others].map((origin) =>
			job.url.replace(stage.receiverUrl, origin),
		);
		const statuses = await Promise.all(
			Array.from({ length: 34 }, () => urls)
				.flat()
				.map((url) => call(url, job.success)),
		);

		expect(new Set(urls).size).toBe(3);
		expect(statuses).toHaveLength(102);
		expect(new Set(statuses)).toEqual(new Set([200]));
		await stage.settle([job.id]);
		expect(await outcomesOf(stage, job.id)).toEqual([
			{ kind: "succeeded", outcome: "settled", count: 1 },
		]);
		expect(await eventsOf(stage, job.id)).toHaveLength(1);
		await stage.audit([job.id]);
		report(37, "the same callback, a hundred times at once on three receivers");
	});

	it("38: keep the success when a failure follows it", async () => {
		const job = await startRendering(stage);

		const statuses = [
			await call(job.url, job.success),
			await call(job.url, job.failure),
			await call(job.url, { ...job.success, state: "generating" }),
		];

		const [ended] = await stage.settle([job.id]);
		expect(statuses).toEqual([200, 200, 200]);
		expect(ended).toMatchObject({
			state: "succeeded",
			cost: { charged: "yes", points: 30 },
		});
		expect(await outcomesOf(stage, job.id)).toContainEqual({
			kind: "failed",
			outcome: "ignored",
			count: 1,
		});
		expect(await eventsOf(stage, job.id)).toHaveLength(1);
		await stage.audit([job.id]);
		report(38, "failure and progress after a success");
	});

	it("38: keep the failure when a success follows it, and tell of the surplus", async () => {
		const job = await startRendering(stage);

		await call(job.url, job.failure);
		await call(job.url, { ...job.success, state: "generating" });
		const [failed] = await stage.settle([job.id]);
		const status = await call(job.url, job.success);

		expect(status).toBe(200);
		expect(failed.state).toBe("failed");
		expect(await stage.job(job.id)).toMatchObject({
			state: "failed",
			surplus_results: 1,
			cost: { charged: "yes", points: 30 },
		});
		expect(await eventsOf(stage, job.id)).toEqual([
			{ type: "video.failed", sequence: 1 },
			{ type: "video.surplus_result", sequence: 1 },
		]);
		await stage.audit([job.id]);
		report(38, "success after a failure");
	});

	it("39: are adopted when the job is overdue", async () => {
		const job = await startRendering(stage);
		await stage.makeDue([job.id]);
		await stage.reach([job.id], "overdue");

		const status = await call(job.url, job.success);

		expect(status).toBe(200);
		const [ended] = await stage.settle([job.id]);
		expect(ended).toMatchObject({
			state: "succeeded",
			cost: { charged: "yes" },
			surplus_results: 0,
		});
		await stage.audit([job.id]);
		report(39, "callback after the job is overdue", "I1 I3 I4 I5 I9");
	});

	it("39: are kept as surplus when the job has lapsed", async () => {
		const job = await startRendering(stage);
		await stage.makeDue([job.id]);
		await stage.reach([job.id], "overdue");
		await stage.makeDue([job.id]);
		const [lapsed] = await stage.settle([job.id], 90_000);

		const status = await call(job.url, job.success);

		expect(status).toBe(200);
		expect(lapsed).toMatchObject({
			state: "failed",
			error: { code: "no_result", charged: "possible" },
		});
		expect(await stage.job(job.id)).toMatchObject({
			state: "failed",
			surplus_results: 1,
			cost: { charged: "yes", points: 30 },
		});
		await stage.audit([job.id]);
		report(39, "callback after the job has lapsed", "I1 I3 I4 I5 I9");
	});

	it("39: are kept as the result of a job whose cancel was asked for", async () => {
		const job = await startRendering(stage);
		const asked = await stage.api(`/v1/jobs/${job.id}/cancel`, { body: {} });

		const status = await call(job.url, job.success);

		expect(asked.status).toBeLessThan(300);
		expect(status).toBe(200);
		const [ended] = await stage.settle([job.id]);
		expect(ended).toMatchObject({
			state: "cancelled",
			result: { urls: job.success.result_urls },
			cost: { charged: "yes", points: 30 },
		});
		await stage.audit([job.id]);
		report(39, "callback after the job's cancel was asked for");
	});

	it("41: that never come leave one job in twenty overdue, then failed, and the others alone", async () => {
		await stage.simulator("/scripts", {
			match: { prompt: "mostly called back" },
			every: 20,
			times: "always",
			behaviour: silent,
		});
		const ids = await Promise.all(
			Array.from({ length: 40 }, () =>
				stage.createJob({
					input: { prompt: "mostly called back", duration: 3 },
					timeout_s: 3600,
				}),
			),
		);
		const lost = await eventually(
			async () => {
				const jobs = await Promise.all(ids.map(stage.job));
				const open = jobs.filter((job) => job.state !== "succeeded");
				expect(open.map((job) => job.state)).toEqual([
					"rendering",
					"rendering",
				]);
				return open.map((job) => job.id as string);
			},
			{ timeoutMs: 60_000 },
		);

		await stage.makeDue(lost);
		await stage.reach(lost, "overdue");
		await stage.makeDue(lost);
		const jobs = await stage.settle(ids, 90_000);

		const failed = jobs.filter((job) => job.state === "failed");
		expect(failed.map((job) => job.id).sort()).toEqual([...lost].sort());
		for (const job of failed) {
			expect(job).toMatchObject({
				submissions: 1,
				error: { code: "no_result", charged: "possible" },
			});
		}
		const { posts } = await stage.ledgerOf("mostly called back");
		expect(posts).toHaveLength(40);
		await stage.audit(ids);
		report(41, "one callback in twenty never comes", "I1 I2 I4 I5 I9");
	});
});
