import { createHmac } from "node:crypto";

import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import {
	providerBell as bell,
	openProviderStage,
	type ProviderStage,
	type ScriptedJob,
} from "./provider-stage.ts";
import { reportFault } from "./report.ts";

const key = (letter: string) => Buffer.alloc(32, letter).toString("base64");

// k2 signs and k1 still verifies; k0 was removed.
const callbackKeys = `k2:${key("b")},k1:${key("a")}`;

/** The simulator starts the task, says so at once, and never calls back: the test does. */
const silent = { answer: "immediate", callback: { lose: true } };

describe("callbacks", () => {
	let stage: ProviderStage;
	beforeAll(async () => {
		stage = await openProviderStage({ CALLBACK_KEYS: callbackKeys });
	});
	afterAll(async () => stage?.close());

	const report = (row: number, fault: string, invariants = "I3 I4 I5") =>
		reportFault({ row, fault, bell, invariants, recoveryMs: null });

	/** A job that renders, the address that its provider may call, and what it would say. */
	async function startRendering(): Promise<
		ScriptedJob & { url: string; success: JsonAnswer; failure: JsonAnswer }
	> {
		const job = await stage.createScripted(
			{ behaviour: silent },
			{ timeout_s: 3600 },
		);
		await stage.reach([job.id], "rendering");
		const [post] = (await stage.ledgerOf(job.prompt)).posts;
		const task = { task_id: post.task_id, model: "kling-3.0/video" };
		return {
			...job,
			url: post.callback_url,
			success: {
				...task,
				state: "success",
				result_urls: [`https://example.com/${post.task_id}.mp4`],
				cost_points: 30,
			},
			failure: {
				...task,
				state: "fail",
				result_urls: [],
				cost_points: 0,
				error: { code: "500", message: "Internal server error" },
			},
		};
	}

	async function call(
		url: string,
		body: unknown,
		contentType = "application/json",
	): Promise<number> {
		const response = await fetch(url, {
			method: "POST",
			headers: { "content-type": contentType },
			body: typeof body === "string" ? body : JSON.stringify(body),
		});
		await response.text();
		return response.status;
	}

	const outcomesOf = async (id: string) =>
		stage.query(
			`select kind, outcome, count(*)::int as count from callback
			where submission_id in (select id from submission where job_id = $1) group by 1, 2 order by 1, 2`,
			[id],
		);
	const eventsOf = (id: string) =>
		stage.query(
			"select type, sequence from event where job_id = $1 order by created_at",
			[id],
		);

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
		expect(await eventsOf(job.id)).toEqual([
			{ type: "video.succeeded", sequence: 1 },
		]);
		await stage.audit([job.id]);
		report(36, "callback comes before the POST's answer");
	});

	it("37: settle a job once when a hundred copies come to three receivers at the same time, and all are answered 200", async () => {
		const job = await startRendering();

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
		expect(await outcomesOf(job.id)).toEqual([
			{ kind: "succeeded", outcome: "settled", count: 1 },
		]);
		expect(await eventsOf(job.id)).toHaveLength(1);
		await stage.audit([job.id]);
		report(37, "the same callback, a hundred times at once on three receivers");
	});

	it("38: keep the success when a failure follows it", async () => {
		const job = await startRendering();

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
		expect(await outcomesOf(job.id)).toContainEqual({
			kind: "failed",
			outcome: "ignored",
			count: 1,
		});
		expect(await eventsOf(job.id)).toHaveLength(1);
		await stage.audit([job.id]);
		report(38, "failure and progress after a success");
	});

	it("38: keep the failure when a success follows it, and tell of the surplus", async () => {
		const job = await startRendering();

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
		expect(await eventsOf(job.id)).toEqual([
			{ type: "video.failed", sequence: 1 },
			{ type: "video.surplus_result", sequence: 1 },
		]);
		await stage.audit([job.id]);
		report(38, "success after a failure");
	});

	it("39: are adopted when the job is overdue", async () => {
		const job = await startRendering();
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
		const job = await startRendering();
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
		const job = await startRendering();
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

	it("40: that are forged, foreign or signed with a removed key change nothing and learn nothing", async () => {
		const mine = await startRendering();
		const other = await startRendering();
		const [base, id, , mac] = partsOf(mine.url);
		const [, otherId] = partsOf(other.url);
		const before = await stage.query(
			"select * from submission where job_id = any($1) order by id",
			[[mine.id, other.id]],
		);

		const statuses = await Promise.all(
			[
				`${base}${id}.k2.${"A".repeat(43)}`,
				`${base}${otherId}.k2.${mac}`,
				`${base}${id}.k1.${mac}`,
				tokenUrl(base, id, "k0", key("z")),
				`${base}${id}`,
			].map((url) => call(url, mine.success)),
		);

		expect(statuses).toEqual([404, 404, 404, 404, 404]);
		expect(
			await stage.query(
				"select * from submission where job_id = any($1) order by id",
				[[mine.id, other.id]],
			),
		).toEqual(before);
		expect(await outcomesOf(mine.id)).toEqual([]);
		// The key before the newest still speaks, for its callbacks are on their way.
		const retained = tokenUrl(base, id, "k1", key("a"));
		expect(await call(retained, mine.success)).toBe(200);
		const [ended] = await stage.settle([mine.id]);
		expect(ended.state).toBe("succeeded");
		await stage.audit([mine.id]);
		report(40, "forged, foreign and rotated capabilities");
	});

	it("40: that are replayed with another body change nothing", async () => {
		const job = await startRendering();
		await call(job.url, job.success);
		const [ended] = await stage.settle([job.id]);

		const statuses = await Promise.all([
			call(job.url, {
				...job.success,
				result_urls: ["https://example.com/other.mp4"],
				cost_points: 99_999,
			}),
			call(job.url, job.success, "text/plain"),
			call(job.url, "<html></html>", "text/html"),
			call(job.url, ""),
			call(job.url, `{"state":"fail","nested":${"[".repeat(10_000)}`),
		]);

		expect(statuses).toEqual([200, 200, 200, 200, 200]);
		expect(await stage.job(job.id)).toEqual(ended);
		expect(await eventsOf(job.id)).toHaveLength(1);
		await stage.audit([job.id]);
		report(40, "replay with a changed, unreadable or empty body");
	});

	it("40: of 50 MB are refused without being held in memory", async () => {
		const job = await startRendering();
		const before = stage.memoryMb("webhook");
		const huge = JSON.stringify({
			...job.success,
			padding: "x".repeat(50_000_000),
		});

		// The receiver may hang up while the client still sends, which a client sees as a reset.
		const ends = await Promise.all(
			Array.from({ length: 4 }, () =>
				call(job.url, huge).catch(() => "hung up"),
			),
		);

		for (const end of ends) expect([413, "hung up"]).toContain(end);
		const after = stage.memoryMb("webhook");
		if (before !== null && after !== null) {
			expect(after - before).toBeLessThan(100);
		}
		expect((await stage.job(job.id)).state).toBe("rendering");
		expect(await outcomesOf(job.id)).toEqual([]);
		expect(await call(job.url, job.success)).toBe(200);
		await stage.settle([job.id]);
		await stage.audit([job.id]);
		report(40, "four callbacks of 50 MB at once");
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

/** `…/callbacks/see2ai/`, the submission, the key's id and the mac. */
function partsOf(url: string): [string, string, string, string] {
	const cut = url.lastIndexOf("/") + 1;
	const [id = "", keyId = "", mac = ""] = url.slice(cut).split(".");
	return [url.slice(0, cut), id, keyId, mac];
}

/** Signed by the rule that the receiver's documents give, without its code. */
function tokenUrl(
	base: string,
	id: string,
	keyId: string,
	secret: string,
): string {
	const mac = createHmac("sha256", Buffer.from(secret, "base64"))
		.update(`reelay:callback:v1:${id}:${keyId}`)
		.digest("base64url");
	return `${base}${id}.${keyId}.${mac}`;
}
