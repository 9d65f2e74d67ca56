/** What holds of the bodies of callbacks; the table in callbacks.checklist.test.ts says where the rest is tested. */
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { parseResultHosts } from "@reelay/shared/domain/result-url";
import { findViolations } from "@reelay/shared/testing/audit";
import { eventually } from "@reelay/shared/testing/eventually";
import { serve } from "@reelay/shared/testing/serve";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../app.ts";
import { see2ai } from "../providers/see2ai.ts";
import { success } from "../testing/bodies.ts";
import { find as findIn } from "../testing/rows.ts";
import {
	keyring,
	post,
	type ReceiverStage,
	setStage,
} from "../testing/stage.ts";

let stage: ReceiverStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(async () => {
	expect(await findViolations(stage.db)).toEqual([]);
	await stage.close();
});

const find = (jobId: string) => findIn(stage, jobId);
const reasonsOf = async (submissionId: string) =>
	(
		await stage.db.$queryRaw<{ reason: string }[]>`
			select reason from callback where submission_id = ${submissionId} order by id`
	).map(({ reason }) => reason);

/** Sends chunks, without a length, for as long as it may. */
function sendWithoutEnd(path: string): ClientRequest {
	const sending = request(`${stage.url}${path}`, {
		method: "POST",
		headers: { "transfer-encoding": "chunked" },
	});
	sending.on("error", () => {});
	const chunk = Buffer.alloc(16 * 1024, "x");
	const send = () => {
		if (sending.destroyed) return;
		sending.write(chunk, () => setImmediate(send));
	};
	send();
	return sending;
}

/** The answer, and when the connection is cut while the body is still being sent. */
async function answerOf(sending: ClientRequest) {
	const isCut = new Promise<void>((resolve) => {
		sending.once("close", resolve);
	});
	const [answer] = (await once(sending, "response")) as [IncomingMessage];
	answer.on("error", () => {});
	answer.resume();
	return { answer, isCut };
}

/** Sends these bytes, reads until the connection ends, and returns what came. */
async function exchange(text: string, then: "end" | "wait" = "wait") {
	const { hostname, port } = new URL(stage.url);
	const socket = connect(Number(port), hostname);
	let got = "";
	socket.on("data", (data) => {
		got += String(data);
	});
	socket.on("error", () => {});
	if (then === "end") socket.end(text);
	else socket.write(text);
	await once(socket, "close");
	return got;
}
const head = (path: string, ...headers: string[]) =>
	[`POST ${path} HTTP/1.1`, "host: x", ...headers, "", ""].join("\r\n");

describe("the cap on a body", () => {
	it("holds while it streams without a length and without an end, and then the connection is cut", async () => {
		const { path, jobId } = await stage.aRendering();

		const sending = sendWithoutEnd(path);
		const { answer, isCut } = await answerOf(sending);
		await isCut;

		expect(answer.statusCode).toBe(413);
		expect((await find(jobId)).callbacks).toEqual([]);
	});

	it("is not needed for one who shows no capability: the connection is cut without it", async () => {
		const sending = sendWithoutEnd("/callbacks/see2ai/x");

		const { answer, isCut } = await answerOf(sending);
		await isCut;

		expect(answer.statusCode).toBe(404);
	});

	it("is asked of the length that is declared, before a byte of it has come", async () => {
		const { path } = await stage.aRendering();

		const got = await exchange(head(path, `content-length: ${256 * 1024 + 1}`));

		expect(got).toMatch(/^HTTP\/1\.1 413 /);
	});
});

describe("a length that is not true", () => {
	it("cuts off what is beyond it, and that is no callback", async () => {
		const { path, jobId, submissionId } = await stage.aRendering();
		const body = JSON.stringify(success);

		const got = await exchange(head(path, "content-length: 10") + body);

		expect(got).toContain("HTTP/1.1 400 ");
		await eventually(async () =>
			expect(await reasonsOf(submissionId)).toEqual(["it is not JSON"]),
		);
		expect((await find(jobId)).state).toBe("rendering");
	});

	it("keeps nothing of a body that ends before it", async () => {
		const { path, jobId } = await stage.aRendering();
		stage.counted.length = 0;
		const body = JSON.stringify(success);

		await exchange(head(path, "content-length: 100000") + body, "end");

		await eventually(() => expect(stage.counted).toEqual(["unread 400"]));
		expect(await find(jobId)).toMatchObject({
			state: "rendering",
			callbacks: [],
		});
	});

	it("is no way to smuggle: two lengths are refused before anything is read", async () => {
		const { path, jobId } = await stage.aRendering();

		const got = await exchange(
			`${head(path, "content-length: 5", "transfer-encoding: chunked")}0\r\n\r\n`,
		);

		expect(got).toMatch(/^HTTP\/1\.1 400 /);
		expect((await find(jobId)).callbacks).toEqual([]);
	});
});

describe("a body that", () => {
	it.each([
		[
			"is nested deeper than 32 levels",
			`{"state":"success","result_urls":["https://a.example/1"],"x":${"[".repeat(32)}${"]".repeat(32)}}`,
			"it is nested deeper than 32 levels",
		],
		[
			"names a prototype",
			'{"state":"success","result_urls":["https://a.example/1"],"__proto__":{"a":1}}',
			'a member is named "__proto__"',
		],
	])("%s is kept and not read", async (_what, body, reason) => {
		const { path, jobId, submissionId } = await stage.aRendering();

		const { status } = await stage.post(path, body);

		expect(status).toBe(200);
		expect((await find(jobId)).state).toBe("rendering");
		expect(await reasonsOf(submissionId)).toEqual([reason]);
	});

	it("begins with a byte order mark is read", async () => {
		const { path, jobId } = await stage.aRendering();

		await stage.post(path, `\uFEFF${JSON.stringify(success)}`);

		expect((await find(jobId)).state).toBe("succeeded");
	});

	it("names another task than the one we know ends nothing, and one that names none ends its own", async () => {
		const { path, jobId } = await stage.aRendering({ taskId: "task-of-ours" });

		await stage.post(path, success);
		const before = await find(jobId);
		await stage.post(path, { ...success, task_id: undefined });

		expect(before.state).toBe("rendering");
		expect((await find(jobId)).state).toBe("succeeded");
	});
});

describe("a result", () => {
	const resultAt = (url: string) => ({ ...success, result_urls: [url] });

	it.each([
		["http://cdn.example.com/1.mp4", "the URL at cdn.example.com is not https"],
		["https://user:secret@cdn.example.com/1.mp4", "success without a URL"],
	])("is not taken from %s", async (url, reason) => {
		const { path, jobId, submissionId } = await stage.aRendering();

		await stage.post(path, resultAt(url));

		expect((await find(jobId)).state).toBe("rendering");
		expect(await reasonsOf(submissionId)).toEqual([reason]);
	});

	it("is taken from the hosts of RESULT_HOSTS alone, where they are set", async () => {
		const hosts = parseResultHosts("cdn.example.com");
		const providers = [see2ai(keyring, hosts)];
		const strict = await serve(createApp({ ...stage.deps, providers }));
		const { path, jobId, submissionId } = await stage.aRendering();
		const send = (url: string) => post(`${strict.url}${path}`, resultAt(url));

		await send("https://files.example.com/1.mp4");
		const before = await find(jobId);
		await send("https://cdn.example.com/1.mp4");

		expect(before.state).toBe("rendering");
		expect(await reasonsOf(submissionId)).toEqual([
			"the host files.example.com is not one of RESULT_HOSTS",
			null,
		]);
		expect((await find(jobId)).state).toBe("succeeded");
		await strict.close();
	});
});
