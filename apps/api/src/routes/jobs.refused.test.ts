import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiStage, prompt, setStage } from "../testing/stage.ts";

let stage: ApiStage;
beforeAll(async () => {
	stage = await setStage();
});
afterAll(() => stage.close());

const post = (body: unknown, headers: Record<string, string> = {}) =>
	stage.request("/v1/jobs", { body, headers });
const job = { input: { prompt } };
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

type Issue = { pointer: string; code: string; suggestion?: string };
const issuesOf = (json: { errors?: Issue[] }) =>
	(json.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`).sort();

describe("POST /v1/jobs 422", () => {
	it("names every mistake of both levels in one answer, each with its pointer", async () => {
		const answer = await post({
			input: { prompt: "", duration: 99, aspect_ratio: "4:3", mode: "fast" },
			priority: "urgent",
			timeout_s: 5,
			tags: [7],
			metadata: { "a/b": 1 },
			external_id: "",
		});

		expect(answer.status).toBe(422);
		expect(issuesOf(answer.json)).toEqual([
			"/external_id too_small",
			"/input/aspect_ratio not_in_list",
			"/input/duration out_of_range",
			"/input/mode not_in_list",
			"/input/prompt required",
			"/metadata/a~1b invalid_type",
			"/priority invalid_value",
			"/tags/0 invalid_type",
			"/timeout_s too_small",
		]);
	});

	it("suggests the field that was meant, on both levels", async () => {
		const { json } = await post({
			input: { prompt, aspectRatio: "16:9" },
			webhookUrl: "https://hooks.example.com",
		});

		expect(json.errors).toMatchObject([
			{ pointer: "/webhookUrl", suggestion: "webhook_url" },
			{ pointer: "/input/aspectRatio", suggestion: "aspect_ratio" },
		]);
	});

	it("names the actions that there are, and the one that was meant", async () => {
		const { status, json } = await post({
			...job,
			action: "see2ai_video_generation_kling_3_0",
		});

		expect(status).toBe(422);
		expect(json.errors).toMatchObject([
			{
				pointer: "/action",
				code: "unknown_action",
				suggestion: "see2ai_video_generation_kling_3_0_v1",
			},
		]);
	});

	it("refuses callBackUrl, which is not the customer's to set", async () => {
		const { json } = await post({
			input: { prompt, callBackUrl: "https://evil.example.com" },
		});

		expect(issuesOf(json)).toEqual(["/input/callBackUrl reserved_field"]);
	});

	it.each([
		["an empty URL", ""],
		["a private address", "https://10.0.0.1/hook"],
		["a loopback name", "https://[::1]/hook"],
		["the cloud's metadata", "http://169.254.169.254/latest"],
		["a decimal address", "https://2130706434.internal/"],
		["http", "http://hooks.example.com/"],
		["another port", "https://hooks.example.com:8443/"],
		["credentials", "https://user:pass@hooks.example.com/"],
		["a fragment", "https://hooks.example.com/#here"],
		["another scheme", "file:///etc/passwd"],
		["what is no URL", "hooks"],
	])("refuses %s as webhook_url", async (_name, webhook_url) => {
		const { status, json } = await post({ ...job, webhook_url });

		expect(status).toBe(422);
		expect(issuesOf(json)).toEqual(["/webhook_url invalid_url"]);
	});

	it.each(["http://127.0.0.1:9/hook", "http://127.8.8.8/hook"])(
		"accepts %s, whose range the operator opened",
		async (webhook_url) => {
			const { status } = await post({ ...job, webhook_url });

			expect(status).toBe(202);
		},
	);

	it.each([
		["a NUL in the prompt", { input: { prompt: "a\u0000b" } }, "/input/prompt"],
		["a lone surrogate", { ...job, external_id: "\ud800" }, "/external_id"],
		["one in a tag", { ...job, tags: ["ok", "\udfff"] }, "/tags/1"],
		["a NUL in a key", { ...job, metadata: { "a\u0000": "b" } }, "/metadata"],
	])("refuses %s with a pointer to it", async (_name, body, pointer) => {
		const { status, json } = await post(JSON.stringify(body));

		expect(status).toBe(422);
		expect(issuesOf(json)).toEqual([`${pointer} invalid_text`]);
	});

	it.each([
		["the top", '{"input":{"prompt":"a"},"__proto__":{"priority":"high"}}'],
		["the input", '{"input":{"prompt":"a","__proto__":{"mode":"std"}}}'],
		["the metadata", '{"input":{"prompt":"a"},"metadata":{"__proto__":"x"}}'],
		["a constructor", '{"input":{"prompt":"a"},"constructor":{"a":1}}'],
	])("refuses prototype keys in %s", async (_name, text) => {
		const { status } = await post(text);

		expect(status).toBe(422);
	});

	it.each([
		["null", "null"],
		["a list", "[]"],
		["a text", '"job"'],
		["a number", "7"],
		["an empty object", "{}"],
		["an input that is null", '{"input":null}'],
		[
			"a run_at before the calendar",
			{ ...job, run_at: "0000-01-01T00:00:00Z" },
		],
		[
			"a run_at after the calendar",
			{ ...job, run_at: "9999-12-31T23:59:59-23:59" },
		],
		["a run_at that is no date", { ...job, run_at: "2026-02-30T00:00:00Z" }],
		["51 keys of metadata", { ...job, metadata: keys(51) }],
		["a deep input", `{"input":${nested(100_000)}}`],
		["a deep unknown field", `{"input":{"prompt":"a"},"x":${nested(100_000)}}`],
	])("refuses %s", async (_name, body) => {
		const { status, json } = await post(body);

		expect(status).toBe(422);
		expect(json.code).toBe("invalid_request");
	});

	it("bounds its answer, however many mistakes a body holds", async () => {
		const { status, text } = await post(keys(20_000));

		expect(status).toBe(422);
		expect(text.length).toBeLessThan(100_000);
	});

	it("bounds its answer, however long a wrong name is", async () => {
		const { status, text } = await post({ ...job, ["x".repeat(200_000)]: 1 });

		expect(status).toBe(422);
		expect(text.length).toBeLessThan(201_000);
	});
});

describe("POST /v1/jobs 400", () => {
	it.each(["{", '{"input":}', "undefined", "", " ", "{}{}", "\ufeff{"])(
		"refuses the body %j, which is not JSON",
		async (body) => {
			const { status, json } = await post(body === "" ? " " : body);

			expect(status).toBe(400);
			expect(json.code).toBe("malformed_json");
		},
	);

	it("refuses bytes that claim to be gzip and are not", async () => {
		const { status } = await post(JSON.stringify(job), {
			"content-encoding": "gzip",
		});

		expect(status).toBe(400);
	});
});

describe("POST /v1/jobs 413", () => {
	it.each([
		["a body of a megabyte", () => JSON.stringify({ x: "x".repeat(2 ** 20) })],
		["a body one byte too long", () => padded(256 * 1024 + 1)],
	])("refuses %s", async (_name, body) => {
		const { status, json } = await post(body());

		expect(status).toBe(413);
		expect(json.code).toBe("body_too_large");
	});

	it("refuses a small body that inflates to a large one", async () => {
		const bomb = gzipSync(JSON.stringify({ x: "x".repeat(2 ** 24) }));

		const { status } = await post(bomb, { "content-encoding": "gzip" });

		expect(bomb.length).toBeLessThan(20_000);
		expect(status).toBe(413);
	});

	it("accepts a body of exactly the limit", async () => {
		const { status } = await post(padded(256 * 1024));

		expect(status).toBe(202);
	});
});

describe("POST /v1/jobs 415", () => {
	it.each([
		["text/plain", "unsupported_media_type"],
		["application/x-www-form-urlencoded", "unsupported_media_type"],
		["multipart/form-data; boundary=x", "unsupported_media_type"],
		["application/json; charset=latin1", "unsupported_charset"],
		["application/json; charset=utf-99", "unsupported_charset"],
	])("refuses the type %s", async (type, code) => {
		const { status, json } = await post(JSON.stringify(job), {
			"content-type": type,
		});

		expect(status).toBe(415);
		expect(json.code).toBe(code);
	});

	it("refuses a request without a body or a type", async () => {
		const { status, json } = await stage.request("/v1/jobs", {
			method: "POST",
		});

		expect(status).toBe(415);
		expect(json.code).toBe("unsupported_media_type");
	});

	it("refuses an encoding that nobody knows", async () => {
		const { status, json } = await post(JSON.stringify(job), {
			"content-encoding": "rot13",
		});

		expect(status).toBe(415);
		expect(json.code).toBe("unsupported_encoding");
	});

	it.each([
		["gzip", gzipSync],
		["br", brotliCompressSync],
	])("accepts a body in %s", async (encoding, compress) => {
		const { status } = await post(compress(JSON.stringify(job)), {
			"content-encoding": encoding,
		});

		expect(status).toBe(202);
	});
});

function keys(count: number): Record<string, string> {
	return Object.fromEntries(
		Array.from({ length: count }, (_, index) => [`k${index}`, "v"]),
	);
}

/** A valid request of exactly so many bytes. */
function padded(bytes: number): string {
	const text = JSON.stringify(job);
	return text + " ".repeat(bytes - text.length);
}
