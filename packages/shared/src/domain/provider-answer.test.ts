import { describe, expect, it } from "vitest";
import { readProviderReport } from "./provider-answer.ts";

const video = "https://cdn.example.com/v/1.mp4";
const nothingSaid = {
	task_id: null,
	state: null,
	result_urls: [],
	cost_points: null,
	cost_time_ms: null,
	model: null,
	source: null,
	input_tokens: null,
	output_tokens: null,
	total_tokens: null,
	provider_config_id: null,
};

function envelope(data: object, rest: object = { code: 200, msg: "success" }) {
	return { ...rest, data };
}

describe("the published output (shape A)", () => {
	it("is read in full", () => {
		const output = {
			task_id: "t1",
			state: "success",
			result_urls: [video],
			cost_points: 120,
			model: "kling-3.0",
			source: "kling",
			input_tokens: 0,
			output_tokens: 7,
			total_tokens: 7,
			provider_config_id: 3,
		};

		const report = readProviderReport({ ...output, cost_time: 81_000 });

		expect(report).toEqual({
			kind: "succeeded",
			output: { ...output, cost_time_ms: 81_000 },
		});
	});

	it("needs no more than an id, a state and a URL", () => {
		const body = { task_id: "t1", state: "success", result_urls: [video] };

		expect(readProviderReport(body)).toEqual({
			kind: "succeeded",
			output: { ...nothingSaid, ...body },
		});
	});
});

describe("the upstream's envelope (shape B)", () => {
	const success = {
		taskId: "t1",
		state: "success",
		param: '{"callBackUrl":"https://x/callbacks/see2ai/sub.k.mac"}',
		resultJson: JSON.stringify({ resultUrls: [video] }),
		failCode: null,
		failMsg: null,
		costTime: 8,
		createTime: 0,
		completeTime: 0,
		consumeCredits: 90,
		remainedCredits: 10,
	};
	const succeeded = {
		kind: "succeeded",
		output: {
			...nothingSaid,
			task_id: "t1",
			state: "success",
			result_urls: [video],
			cost_time_ms: 8_000,
		},
	};

	it.each([
		["with resultJson as a text", envelope(success)],
		[
			"with resultJson as an object",
			envelope({ ...success, resultJson: { resultUrls: [video] } }),
		],
		["without the envelope", success],
		["with data as a JSON text", { code: 200, data: JSON.stringify(success) }],
		["with the code 0 of older gateways", envelope(success, { code: 0 })],
		["with its code as a text", envelope(success, { code: "200" })],
		["as a JSON text of the whole", JSON.stringify(envelope(success))],
	])("is a success %s", (_, body) => {
		expect(readProviderReport(body)).toEqual(succeeded);
	});

	it("is a failure with the failCode and failMsg of the task", () => {
		const data = {
			taskId: "t1",
			state: "fail",
			resultJson: null,
			failCode: "500",
			failMsg: "Internal server error",
		};

		const report = readProviderReport(envelope(data, { code: 501, msg: "x" }));

		expect(report).toEqual({
			kind: "failed",
			output: { ...nothingSaid, task_id: "t1", state: "fail" },
			error: { code: "500", message: "Internal server error" },
		});
	});

	it("is a failure where only the code says so", () => {
		const body = envelope({ taskId: "t1" }, { code: 501, msg: "It failed." });

		expect(readProviderReport(body)).toMatchObject({
			kind: "failed",
			output: { task_id: "t1" },
			error: { code: "501", message: "It failed." },
		});
	});
});

describe("the variants (shape C)", () => {
	it.each([
		[
			"A inside an envelope",
			envelope({ task_id: "t1", state: "success", result_urls: [video] }),
		],
		[
			"URLs in data.info.resultUrls",
			envelope({
				taskId: "t1",
				state: "success",
				info: { resultUrls: [video] },
			}),
		],
		[
			"URLs in data.info.result_urls",
			envelope({
				taskId: "t1",
				state: "success",
				info: { result_urls: [video] },
			}),
		],
		[
			"the state at the top, the URLs within",
			{ state: "success", data: { task_id: "t1", result_urls: [video] } },
		],
		[
			"status in place of state",
			{ task_id: "t1", status: "SUCCEEDED", result_urls: [video] },
		],
		[
			"a list of URLs in a text",
			{ id: "t1", state: "success", resultUrls: JSON.stringify([video]) },
		],
		["one URL as a text", { id: "t1", state: "success", result_urls: video }],
		[
			"URLs in objects",
			{ id: "t1", state: "success", result_urls: [{ url: video }] },
		],
		[
			"the same URL in two places",
			{
				id: "t1",
				state: "success",
				result_urls: [video],
				resultJson: { resultUrls: [video] },
			},
		],
		[
			"an envelope's own status of success",
			{
				status: "success",
				data: { id: "t1", state: "success", result_urls: [video] },
			},
		],
	])("reads %s", (_, body) => {
		expect(readProviderReport(body)).toMatchObject({
			kind: "succeeded",
			output: { task_id: "t1", result_urls: [video] },
		});
	});
});

describe("states", () => {
	it.each(["success", "Succeeded", " SUCCESS ", "succeed", "completed"])(
		"%j is a success",
		(state) => {
			const report = readProviderReport({ state, result_urls: [video] });

			expect(report.kind).toBe("succeeded");
		},
	);

	it.each([
		"fail",
		"FAILED",
		"error",
		"needs_repair",
		"Needs-Repair",
		"cancelled",
	])("%j is a failure", (state) => {
		const report = readProviderReport({ task_id: "t1", state });

		expect(report.kind).toBe("failed");
	});

	it.each([
		"waiting",
		"queuing",
		"generating",
		"Running",
		"pending",
		"awaiting_user_approval",
		"in progress",
	])("%j is progress, with or without URLs", (state) => {
		const bare = readProviderReport({ task_id: "t1", state });
		const filled = readProviderReport({
			task_id: "t1",
			state,
			resultJson: { resultUrls: [video] },
		});

		expect(bare).toEqual(filled);
		expect(filled).toMatchObject({
			kind: "progress",
			output: { result_urls: [] },
		});
	});

	it("keeps no URLs of a failure", () => {
		const report = readProviderReport({ state: "fail", result_urls: [video] });

		expect(report).toMatchObject({
			kind: "failed",
			output: { result_urls: [] },
		});
	});

	it("trusts the task's state within over the envelope's status", () => {
		const data = { taskId: "t1", state: "fail", failMsg: "no" };

		expect(readProviderReport({ status: "success", data }).kind).toBe("failed");
	});

	it("takes an id without a state for a task under way", () => {
		const report = readProviderReport(envelope({ taskId: "t1" }));

		expect(report).toMatchObject({
			kind: "progress",
			output: { task_id: "t1", state: null },
		});
	});
});
