import { describe, expect, it } from "vitest";
import { readProviderReport, readProviderText } from "./provider-answer.ts";
import { parseResultHosts } from "./result-url.ts";

const video = "https://cdn.example.com/v/1.mp4";

function envelope(data: object, rest: object) {
	return { ...rest, data };
}

describe("what allows no conclusion is unreadable", () => {
	it.each([
		["nothing", undefined],
		["null", null],
		["a list", [{ state: "success", result_urls: [video] }]],
		["a text", "success"],
		["a number", 200],
		["an empty object", {}],
		["a message alone", { message: "hello" }],
		["URLs without a state", { task_id: "t1", result_urls: [video] }],
		[
			"an unknown state",
			{ task_id: "t1", state: "sleeping", result_urls: [video] },
		],
		[
			"success without URLs",
			{ task_id: "t1", state: "success", result_urls: [] },
		],
		[
			"success and failure at once",
			{ state: "success", status: "failed", result_urls: [video] },
		],
		[
			"an envelope that failed around a success",
			{ status: "failed", data: { state: "success", result_urls: [video] } },
		],
		[
			"an error code beside a success",
			envelope({ state: "success", result_urls: [video] }, { code: 500 }),
		],
		[
			"an error code beside progress",
			envelope({ taskId: "t1", state: "generating" }, { code: 500 }),
		],
		[
			"a timeout of the provider's waiting",
			{ code: 504, msg: "timeout", data: { taskId: "t1" } },
		],
		[
			"a state inside __proto__",
			JSON.parse(
				'{"__proto__":{"state":"success","result_urls":["https://a.b/c"]}}',
			),
		],
		[
			"a state that is inherited",
			Object.create({ state: "success", result_urls: [video] }),
		],
		[
			"a state that is no text",
			{ task_id: "t1", state: { success: true }, result_urls: [video] },
		],
		["a broken JSON text", '{"state":"success"'],
	])("%s", (_, body) => {
		const report = readProviderReport(body);

		expect(report.kind).toBe("unreadable");
	});
});

describe("a success whose video may not be handed on", () => {
	const success = (...urls: string[]) => ({
		state: "success",
		result_urls: urls,
	});
	const hosts = parseResultHosts("cdn.example.com");

	it.each([
		["http://cdn.example.com/1.mp4", "the URL at cdn.example.com is not https"],
		[
			"https://files.example.com/1.mp4",
			"the host files.example.com is not one of RESULT_HOSTS",
		],
	])("is unreadable, and says why without the URL: %s", (url, reason) => {
		expect(readProviderReport(success(url), hosts)).toMatchObject({
			kind: "unreadable",
			reason,
		});
	});

	it("leaves out what may not, where another one may", () => {
		const good = "https://cdn.example.com/1.mp4";

		const report = readProviderReport(
			success("https://files.example.com/1.mp4", good),
			hosts,
		);

		expect(report).toMatchObject({
			kind: "succeeded",
			output: { result_urls: [good] },
		});
	});

	it("leads nowhere where a secret was removed from it", () => {
		expect(
			readProviderReport(success("https://cdn.example.com/sub_1.[redacted]")),
		).toMatchObject({ kind: "unreadable", reason: "success without a URL" });
	});
});

describe("a body as it was kept", () => {
	it("is unreadable for its own fault, in words", () => {
		expect(readProviderText("<html>", readProviderReport)).toEqual({
			kind: "unreadable",
			reason: "it is not JSON",
			output: null,
		});
	});

	it("is unreadable for the parser's fault, too", () => {
		const report = readProviderText("{}", () => {
			throw new TypeError("not a function: secret");
		});

		expect(report).toEqual({
			kind: "unreadable",
			reason: "the parser failed on it (TypeError)",
			output: null,
		});
	});
});
