import { gzipSync } from "node:zlib";
import { signCallbackToken } from "@reelay/shared/signing/capability";
import { findViolations } from "@reelay/shared/testing/audit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drainSpool } from "../callbacks/drain-spool.ts";
import { success } from "../testing/bodies.ts";
import { find as findIn } from "../testing/rows.ts";
import { keyring, type ReceiverStage, setStage } from "../testing/stage.ts";

let stage: ReceiverStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(async () => {
	expect(await findViolations(stage.db)).toEqual([]);
	await stage.close();
});

const find = (jobId: string) => findIn(stage, jobId);

describe("200 for what cannot be acted on", () => {
	it.each([
		["an empty body", ""],
		["a text", "hello"],
		["half of a JSON text", '{"task_id":'],
		["a list", "[]"],
		["null", "null"],
		["an HTML page", "<html></html>"],
		["bytes that are no text", Buffer.from([0, 255, 254, 0])],
		["a NUL in JSON", '{"state":"\\u0000"}'],
		["a lone surrogate", '{"state":"\\ud800"}'],
		["a hundred thousand brackets", "[".repeat(100_000)],
		["deep objects", `${'{"data":'.repeat(20_000)}1${"}".repeat(20_000)}`],
		["prototype keys", '{"__proto__":{"state":"success"},"constructor":1}'],
		["a success without a URL", { ...success, result_urls: [] }],
		["URLs without a state", { ...success, state: undefined }],
		["a state that nobody knows", { ...success, state: "dreaming" }],
		["both ends at once", { ...success, data: { state: "fail" } }],
		["a URL of another scheme", { ...success, result_urls: ["javascript:1"] }],
		["numbers for everything", { task_id: 1.5, state: 2, result_urls: 3 }],
	])("keeps %s in quarantine and leaves the job", async (_name, body) => {
		const { jobId, path } = await stage.aRendering();

		const { status, text } = await stage.post(path, body);

		expect(status).toBe(200);
		expect(text).toBe("");
		expect(await find(jobId)).toMatchObject({
			state: "rendering",
			callbacks: ["quarantined"],
			events: [],
		});
	});

	it("keeps a success that names another task in quarantine, with the reason", async () => {
		const { jobId, path, submissionId } = await stage.aRendering({
			taskId: "task-of-ours",
		});

		const { status } = await stage.post(path, success);

		expect(status).toBe(200);
		expect(await find(jobId)).toMatchObject({
			state: "rendering",
			callbacks: ["quarantined"],
		});
		const reasons = await stage.db.$queryRaw`
			select reason from callback where submission_id = ${submissionId}`;
		expect(reasons).toEqual([
			{ reason: "the task id is not the one that this submission has" },
		]);
	});

	it("does not spoil a readable one that follows", async () => {
		const { jobId, path } = await stage.aRendering();
		await stage.post(path, "{");

		await stage.post(path, success);

		expect(await find(jobId)).toMatchObject({
			state: "succeeded",
			callbacks: ["quarantined", "settled"],
		});
	});

	it("keeps a genuine token of a submission that is gone, and calls somebody", async () => {
		const submissionId = "sub_01k0aj5m8gq4w3n7y2e6c9vb1d";
		const token = signCallbackToken(submissionId, keyring);

		const { status } = await stage.post(`/callbacks/see2ai/${token}`, success);

		expect(status).toBe(200);
		const rows = await stage.db.$queryRaw`
			select outcome, reason from callback where submission_id = ${submissionId}`;
		expect(rows).toEqual([
			{ outcome: "ignored", reason: "no such submission" },
		]);
		expect(stage.log.lines("callback.orphaned")).toMatchObject([
			{ level: "warn", submission_id: submissionId, kind: "succeeded" },
		]);
		await stage.db
			.$executeRaw`delete from callback where submission_id = ${submissionId}`;
	});
});

describe("any content type", () => {
	it.each([
		{},
		{ "content-type": "text/plain" },
		{ "content-type": "application/x-www-form-urlencoded" },
		{ "content-type": "multipart/form-data" },
		{ "content-type": "application/json; charset=klingon" },
		{ "content-type": ";;;" },
	])("is read: %j", async (headers) => {
		const { jobId, path } = await stage.aRendering();
		const bytes = Buffer.from(JSON.stringify(success));

		await stage.post(path, bytes, headers as Record<string, string>);

		expect((await find(jobId)).state).toBe("succeeded");
	});

	it("is read when it is compressed", async () => {
		const { jobId, path } = await stage.aRendering();

		await stage.post(path, gzipSync(JSON.stringify(success)), {
			"content-encoding": "gzip",
		});

		expect((await find(jobId)).state).toBe("succeeded");
	});
});

describe("413", () => {
	it("refuses one byte more than 256 kB, and reads exactly 256 kB", async () => {
		const { jobId, path } = await stage.aRendering();
		const text = JSON.stringify(success);
		const padded = (bytes: number) => text + " ".repeat(bytes - text.length);

		const tooLarge = await stage.post(path, padded(256 * 1024 + 1));
		const stateBetween = (await find(jobId)).state;
		const fitting = await stage.post(path, padded(256 * 1024));

		expect([tooLarge.status, tooLarge.text]).toEqual([413, ""]);
		expect(stateBetween).toBe("rendering");
		expect(fitting.status).toBe(200);
		expect((await find(jobId)).state).toBe("succeeded");
		expect(stage.counted).toContain("unread 413");
	});

	it("refuses a small body that inflates to a large one", async () => {
		const { path } = await stage.aRendering();

		const { status } = await stage.post(path, gzipSync("x".repeat(2 ** 24)), {
			"content-encoding": "gzip",
		});

		expect(status).toBe(413);
	});
});

describe("200 while the database is away", () => {
	it("is told when the callback is on disk, and ends the job when the database is back", async () => {
		const { jobId, path } = await stage.aRendering();

		stage.network.cut();
		const away = await stage.post(path, success);
		stage.network.restore();
		const stateBetween = (await find(jobId)).state;
		await drainSpool(stage.deps);

		expect([away.status, away.text]).toEqual([200, ""]);
		expect(stateBetween).toBe("rendering");
		expect(await find(jobId)).toMatchObject({
			state: "succeeded",
			events: ["video.succeeded"],
			callbacks: ["settled"],
		});
	});

	it("is not told for a token that is not ours, and nothing is written", async () => {
		stage.network.cut();
		const { status } = await stage.post("/callbacks/see2ai/x", success);
		stage.network.restore();

		expect(status).toBe(404);
		expect(await stage.deps.spool.depth()).toBe(0);
	});
});

describe("503", () => {
	it("asks to send again when neither database nor disk can be had, and then the same callback works", async () => {
		const { jobId, path } = await stage.aRendering();

		stage.network.cut();
		await stage.disk.fail();
		const away = await stage.post(path, success);
		await stage.disk.restore();
		stage.network.restore();
		const back = await stage.post(path, success);

		expect([away.status, away.text]).toEqual([503, ""]);
		expect(away.headers.get("retry-after")).toBe("5");
		expect(stage.counted).toContain("unread 503");
		expect(back.status).toBe(200);
		expect(await find(jobId)).toMatchObject({
			state: "succeeded",
			events: ["video.succeeded"],
		});
	});
});

describe("health", () => {
	const askReady = async () => {
		const answer = await fetch(`${stage.url}/readyz`);
		return { status: answer.status, body: await answer.json() };
	};

	it("is ready while the database or the disk is away, for callbacks are still kept", async () => {
		stage.network.cut();
		const onDisk = await askReady();
		stage.network.restore();
		await stage.disk.fail();
		const inDatabase = await askReady();
		await stage.disk.restore();

		expect(onDisk).toEqual({
			status: 200,
			body: {
				status: "ok",
				checks: { storage: "ok" },
				notes: { database: "Postgres does not answer" },
			},
		});
		expect(inDatabase.status).toBe(200);
	});

	it("is ready while the database is silent, longer than a probe waits", async () => {
		stage.network.stall();
		const silent = await askReady();
		stage.network.restore();

		expect(silent).toMatchObject({ status: 200, body: { status: "ok" } });
		expect(silent.body).toMatchObject({
			notes: { database: expect.stringContaining("no answer within") },
		});
	});

	it("is not ready while both are away, and alive all the same", async () => {
		stage.network.cut();
		await stage.disk.fail();
		const away = await askReady();
		const alive = await fetch(`${stage.url}/healthz`);
		await stage.disk.restore();
		stage.network.restore();

		expect(away).toMatchObject({
			status: 503,
			body: {
				checks: {
					storage:
						"Postgres does not answer, and the spool cannot be written (ENOTDIR)",
				},
			},
		});
		expect(alive.status).toBe(200);
	});
});
