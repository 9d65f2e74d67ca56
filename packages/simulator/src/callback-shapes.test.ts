import { describe, expect, it } from "vitest";
import { shapeCallback, type TaskReport } from "./callback-shapes.ts";

const url = "http://localhost/files/t1.mp4";
const request = { prompt: "A boat", callBackUrl: "http://r/cb/token" };

const success: TaskReport = {
	taskId: "t1",
	state: "success",
	stateKey: "state",
	isFailure: false,
	isFinal: true,
	urls: [url],
	points: 70,
	remaining: 930,
	request,
	startedAtMs: 1_000,
	endedAtMs: 82_400,
	fail: { code: "500", message: "Internal server error" },
	snakeIds: false,
};
const failure: TaskReport = {
	...success,
	state: "fail",
	isFailure: true,
	urls: [],
	points: 0,
};

describe("a success", () => {
	it("is the published output object in A, with its time in milliseconds", () => {
		expect(shapeCallback("A", success)).toMatchObject({
			task_id: "t1",
			state: "success",
			result_urls: [url],
			cost_time: 81_400,
			cost_points: 70,
		});
	});

	it("is the upstream envelope in B, with its time in seconds and its result as a string", () => {
		const body = shapeCallback("B", success);

		expect(body).toMatchObject({
			code: 200,
			data: { taskId: "t1", state: "success", costTime: 81, failCode: null },
		});
		const data = body.data as { resultJson: string; param: string };
		expect(JSON.parse(data.resultJson)).toEqual({ resultUrls: [url] });
		expect(JSON.parse(data.param)).toEqual(request);
	});

	it("is an object in the result of B_object", () => {
		expect(shapeCallback("B_object", success)).toMatchObject({
			data: { resultJson: { resultUrls: [url] } },
		});
	});

	it("is B's data without an envelope in C_data, with credits", () => {
		const body = shapeCallback("C_data", success);

		expect(body).toMatchObject({ taskId: "t1", consumeCredits: 70 });
		expect(body).not.toHaveProperty("code");
	});

	it("is A in an envelope in C_wrapped", () => {
		expect(shapeCallback("C_wrapped", success)).toMatchObject({
			code: 200,
			data: { task_id: "t1", state: "success", result_urls: [url] },
		});
	});

	it.each([
		["C_info", "resultUrls"],
		["C_info_snake", "result_urls"],
	] as const)("has its URLs under data.info in %s", (shape, key) => {
		expect(shapeCallback(shape, success)).toMatchObject({
			data: { taskId: "t1", info: { [key]: [url] } },
		});
	});

	it("says task_id in B when ids are snake case", () => {
		const body = shapeCallback("B", { ...success, snakeIds: true });

		expect(body.data).toMatchObject({ task_id: "t1" });
		expect(body.data).not.toHaveProperty("taskId");
	});
});

describe("a failure", () => {
	it("has a code that is not 200 and a string failCode in B", () => {
		expect(shapeCallback("B", failure)).toMatchObject({
			code: 501,
			msg: "Internal server error",
			data: { state: "fail", resultJson: null, failCode: "500" },
		});
	});

	it("has no URLs and costs nothing in A", () => {
		expect(shapeCallback("A", failure)).toMatchObject({
			state: "fail",
			result_urls: [],
			cost_points: 0,
		});
	});
});

describe("a progress state", () => {
	it("can show a result before there is one, in B", () => {
		const body = shapeCallback("B", {
			...success,
			state: "waiting",
			isFinal: false,
		});

		expect(body).toMatchObject({ code: 200, data: { state: "waiting" } });
		expect((body.data as { resultJson: string }).resultJson).toContain(url);
	});
});
