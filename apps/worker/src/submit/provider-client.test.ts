import { findAction } from "@reelay/shared/domain/actions/registry";
import { classifyOutcome } from "@reelay/shared/domain/outcome";
import { isPublicHost } from "@reelay/shared/runtime/address";
import { signCallbackToken } from "@reelay/shared/signing/capability";
import { parseKeyring } from "@reelay/shared/signing/keyring";
import { type Receiver, startReceiver } from "@reelay/shared/testing/receiver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	createProviderClient,
	type ProviderClient,
} from "./provider-client.ts";

const submissionId = "sub_01k0aj5m8gq4w3n7y2e6c9vb1d";
const keyring = parseKeyring(`k1:${Buffer.alloc(32, 1).toString("base64")}`);
const token = signCallbackToken(submissionId, keyring);
const callBackUrl = `https://callbacks.example.com/callbacks/see2ai/${token}`;
const name = "see2ai_video_generation_kling_3_0_v1";
const apiKey = "sk-a1b2c3d4e5f6";
const path = `/api/v1/actions/${name}`;

let provider: Receiver;
let client: ProviderClient;
beforeAll(async () => {
	provider = await startReceiver();
	client = createProviderClient({
		baseUrl: provider.url,
		apiKey,
		timeoutMs: 1_000,
	});
});
afterAll(async () => {
	await client.close();
	await provider.close();
});

const post = (request = {}) => client.post({ submissionId, path, request });

function requestOf(input: object) {
	const action = findAction(name);
	const parsed = action?.parseInput(input, { isPublicHost });
	if (!action || !parsed?.ok) throw new Error(JSON.stringify(parsed));
	return action.buildRequest(parsed.input, callBackUrl);
}

const image = (which: string) => `https://images.example.com/${which}.png`;
const common = {
	prompt: "A paper boat",
	image_urls: [],
	sound: false,
	duration: "5",
	aspect_ratio: "16:9",
	mode: "pro",
	multi_shots: false,
	multi_prompt: [],
	kling_elements: [],
	callBackUrl,
};

describe("the request", () => {
	it.each([
		["text to video", { prompt: "A paper boat" }, common],
		[
			"every field set",
			{
				prompt: "A paper boat",
				sound: true,
				duration: 15,
				aspect_ratio: "9:16",
				mode: "std",
			},
			{
				...common,
				sound: true,
				duration: "15",
				aspect_ratio: "9:16",
				mode: "std",
			},
		],
		[
			"a first frame",
			{ prompt: "A paper boat", image_urls: [image("a")] },
			{ ...common, image_urls: [image("a")] },
		],
		[
			"a first and a last frame",
			{ prompt: "A paper boat", image_urls: [image("a"), image("b")] },
			{ ...common, image_urls: [image("a"), image("b")] },
		],
		[
			"several shots",
			{
				multi_shots: true,
				duration: 5,
				multi_prompt: [
					{ prompt: "It leaves", duration: "2" },
					{ prompt: "It arrives", duration: 3 },
				],
			},
			{
				...common,
				prompt: null,
				sound: true,
				multi_shots: true,
				multi_prompt: [
					{ prompt: "It leaves", duration: 2 },
					{ prompt: "It arrives", duration: 3 },
				],
			},
		],
		[
			"elements",
			{
				prompt: "@boat sails",
				kling_elements: [
					{
						name: "boat",
						description: "a boat",
						element_input_urls: [image("a"), image("b")],
					},
				],
			},
			{
				...common,
				prompt: "@boat sails",
				kling_elements: [
					{
						name: "boat",
						description: "a boat",
						element_input_urls: [image("a"), image("b")],
					},
				],
			},
		],
	])(
		"for %s has exactly the provider's fields",
		async (_name, input, expected) => {
			const before = provider.requests.length;

			await post(requestOf(input));

			expect(provider.requests).toHaveLength(before + 1);
			const request = provider.requests[before];
			expect(request).toMatchObject({
				method: "POST",
				path,
				headers: {
					authorization: `Bearer ${apiKey}`,
					"content-type": "application/json",
					accept: "application/json",
					connection: "close",
				},
			});
			expect(request?.headers["transfer-encoding"]).toBeUndefined();
			expect(JSON.parse(request?.body ?? "")).toEqual(expected);
		},
	);

	it("goes below the path of a base address that has one", async () => {
		const below = createProviderClient({
			baseUrl: `${provider.url}/gateway`,
			apiKey,
			timeoutMs: 1_000,
		});

		await below.post({ submissionId, path, request: {} });

		expect(provider.requests.at(-1)?.path).toBe(`/gateway${path}`);
		await below.close();
	});

	it("is not sent again to where a redirect leads, nor after a lost connection", async () => {
		const before = provider.requests.length;
		provider.answerWith(
			{ status: 307, headers: { location: `${provider.url}/elsewhere` } },
			"reset",
		);

		const redirected = await post();
		const reset = await post();

		expect(redirected).toMatchObject({ kind: "answered", status: 307 });
		expect(reset).toMatchObject({ kind: "lost" });
		expect(provider.requests).toHaveLength(before + 2);
	});
});

describe("the answer", () => {
	it("is given with its status, its wait, its text and what that says", async () => {
		provider.answerWith({
			status: 429,
			headers: { "retry-after": "7" },
			body: '{"detail":"slow down"}',
		});

		expect(await post()).toEqual({
			kind: "answered",
			status: 429,
			retryAfter: "7",
			body: { detail: "slow down" },
			text: '{"detail":"slow down"}',
		});
	});

	it("is not parsed when it is cut off for its size, whatever its beginning says", async () => {
		const body = `{"state":"success","result_urls":["https://a.example/v.mp4"]}${" ".repeat(2 ** 20)}`;
		provider.answerWith({ body });

		const end = await post();

		expect(end).toMatchObject({ kind: "answered", body: undefined });
		expect(classifyOutcome(end, new Date())).toEqual({
			kind: "accepted",
			output: null,
		});
	});

	it("is lost when it does not come in time", async () => {
		provider.answerWith("hang");

		const end = await post();

		expect(end).toMatchObject({
			kind: "lost",
			reason: expect.stringContaining("timeout"),
		});
	});

	it.each([
		[
			"an error's message",
			(url: string) => ({
				status: 400,
				body: JSON.stringify({
					detail: `bad callback ${url.split("/").at(-1)}`,
				}),
			}),
		],
		[
			"a validator's echo",
			(url: string) => ({
				status: 422,
				body: JSON.stringify({
					detail: [{ loc: ["body"], msg: "no", input: { callBackUrl: url } }],
				}),
			}),
		],
		["a text", (url: string) => ({ status: 400, body: `no: ${url}` })],
		[
			"a percent-encoded text",
			(url: string) => ({
				status: 400,
				body: encodeURIComponent(encodeURIComponent(url)),
			}),
		],
		[
			"a result's URL",
			(url: string) => ({
				status: 200,
				body: JSON.stringify({
					state: "success",
					task_id: "t",
					result_urls: [url],
				}),
			}),
		],
	])(
		"loses the callback's token when it repeats it in %s",
		async (_name, answer) => {
			provider.answerWith(answer(callBackUrl));

			const end = await post({ callBackUrl });

			const kept = JSON.stringify([end, classifyOutcome(end, new Date())]);
			expect(kept).not.toContain(token.split(".")[2]?.slice(0, 12));
		},
	);

	it("loses our key when it repeats it, whatever submission it names", async () => {
		provider.answerWith({ status: 401, body: `{"detail":"no ${apiKey}"}` });

		const end = await post();

		expect(JSON.stringify(end)).not.toContain(apiKey);
	});

	it("leaves a result's URL alone that happens to look like a token", async () => {
		const url = "https://cdn.example.com/sub_video.final.watermarked.mp4";
		provider.answerWith({
			body: JSON.stringify({
				state: "success",
				task_id: "t",
				result_urls: [url],
			}),
		});

		const outcome = classifyOutcome(await post(), new Date());

		expect(outcome).toMatchObject({ output: { result_urls: [url] } });
	});
});
