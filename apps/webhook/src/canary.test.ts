import { dumpDatabase } from "@reelay/shared/testing/dump";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drainSpool } from "./callbacks/drain-spool.ts";
import { success } from "./testing/bodies.ts";
import { type Answer, type ReceiverStage, setStage } from "./testing/stage.ts";

let stage: ReceiverStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const percent = (text: string) =>
	text.replace(/[^A-Za-z0-9]/g, (sign) => {
		return `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
	});
const unicode = (text: string) =>
	text.replace(/[^A-Za-z0-9]/g, (sign) => {
		return `\\u00${sign.charCodeAt(0).toString(16)}`;
	});
const fail = (message: string) => ({
	state: "fail",
	task_id: "t",
	error: { message },
});

/** Where a provider might repeat the address that it calls. */
const echoes: [place: string, make: (url: string) => unknown][] = [
	[
		"param",
		(url) => ({
			data: {
				taskId: "t",
				state: "success",
				resultJson: '{"resultUrls":["https://cdn.example.com/v.mp4"]}',
				param: JSON.stringify({ prompt: "a", callBackUrl: url }),
			},
		}),
	],
	[
		"param, percent-encoded",
		(url) => ({ ...success, param: `cb=${percent(url)}` }),
	],
	[
		"param, percent-encoded twice",
		(url) => ({ ...success, param: percent(percent(url)) }),
	],
	[
		"param, as JSON in JSON in JSON",
		(url) => ({ ...success, param: JSON.stringify(JSON.stringify({ url })) }),
	],
	[
		"param, with JSON's escapes",
		(url) =>
			`{"state":"success","task_id":"t","result_urls":["https://cdn.example.com/v.mp4"],"param":"${unicode(url)}"}`,
	],
	[
		"an unknown field",
		(url) => ({ ...success, request: { callBackUrl: url } }),
	],
	["a field's name", (url) => ({ ...success, [url]: 1 })],
	["the error's message", (url) => fail(`could not reach ${url}: timeout`)],
	[
		"the message, percent-encoded",
		(url) => fail(`could not reach ${percent(url)}`),
	],
	[
		"the message, percent-encoded twice",
		(url) => fail(`at ${percent(percent(url))}`),
	],
	["the message, as JSON", (url) => fail(JSON.stringify({ callBackUrl: url }))],
	[
		"the message, as JSON in JSON",
		(url) => fail(JSON.stringify(JSON.stringify({ callBackUrl: url }))),
	],
	["the message, with escapes that are text", (url) => fail(unicode(url))],
	[
		"the message, as the token alone",
		(url) => fail(`token ${url.split("/").at(-1)} is unknown`),
	],
	[
		"the error's code",
		(url) => ({ state: "fail", failCode: url, failMsg: "no" }),
	],
	[
		"the issues",
		(url) => ({
			state: "needs_repair",
			issues: [{ field: url, value: { deep: [url] } }],
		}),
	],
	[
		"a repair's payload",
		(url) => ({
			state: "needs_repair",
			minimal_runnable_payload: { callBackUrl: url, other: url },
		}),
	],
	["the model", (url) => ({ ...success, model: url })],
	["the task id", (url) => ({ ...success, task_id: url })],
	["the state", (url) => ({ state: url })],
	[
		"a result's URL",
		(url) => ({
			...success,
			result_urls: [url, "https://cdn.example.com/v.mp4"],
		}),
	],
	["a text that is no JSON", (url) => `callback=${url}`],
	["half of a JSON text", (url) => `{"param":"${url}`],
];

describe("the token of a callback", () => {
	it.each(echoes)(
		"is in no row, line, metric or answer when the body repeats it in %s",
		async (_place, make) => {
			const { token, path } = await stage.aRendering();
			const body = make(`https://hooks.example.com${path}`);

			const answers = [
				await stage.post(path, body),
				await stage.post(`${path}x`, body),
				await stage.post(path, body, { "content-encoding": "rot13" }),
			];

			expect(answers.map(({ status }) => status)).toEqual([200, 404, 415]);
			await expectNoTrace(token, answers);
		},
	);

	it.each(echoes)(
		"is in no file, and in no row after it was drained, when the database is away and the body repeats it in %s",
		async (_place, make) => {
			const { token, path, submissionId } = await stage.aRendering();

			stage.network.cut();
			const answer = await stage.post(
				path,
				make(`https://h.example.com${path}`),
			);
			stage.network.restore();

			expect(answer.status).toBe(200);
			expect(await stage.disk.text()).toContain(submissionId);
			await expectNoTrace(token, [answer]);
			expect(await drainSpool(stage.deps)).toBe(1);
			await expectNoTrace(token, [answer]);
		},
	);

	it("is in no line when the disk fails as well", async () => {
		const { token, path } = await stage.aRendering();

		stage.network.cut();
		await stage.disk.fail();
		const answer = await stage.post(path, { ...success, param: path });
		await stage.disk.restore();
		stage.network.restore();

		expect(answer.status).toBe(503);
		expect(stage.log.lines("callback.failed")).not.toEqual([]);
		await expectNoTrace(token, [answer]);
	});
});

/** A mac's head or tail is enough to tell that a sink has seen it, and survives every encoding of the dots around. */
async function expectNoTrace(token: string, answers: Answer[]): Promise<void> {
	const mac = token.split(".")[2] ?? "";
	const words = mac.split(/[^A-Za-z0-9]/).filter((word) => word.length > 6);
	const metrics = await (await fetch(`${stage.url}/metrics`)).text();
	const sinks = {
		rows: await dumpDatabase(stage.store.url),
		files: await stage.disk.text(),
		log: stage.log.text(),
		metrics,
		answers: JSON.stringify(
			answers.map(({ text, headers }) => [text, ...headers]),
		),
	};
	for (const [sink, text] of Object.entries(sinks)) {
		const found = words.filter((word) => text.includes(word));
		expect({ sink, found }).toEqual({ sink, found: [] });
	}
	expect(metrics).toContain("reelay_callbacks_total");
}
