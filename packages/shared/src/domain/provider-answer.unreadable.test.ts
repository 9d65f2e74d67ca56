import { describe, expect, it } from "vitest";
import { readProviderReport } from "./provider-answer.ts";

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
