import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readProviderReport } from "./provider-answer.ts";

const video = "https://cdn.example.com/v/1.mp4";

describe("the task's id", () => {
	it.each([
		[{ task_id: "a", taskId: "b", id: "c", state: "running" }, "a"],
		[{ taskId: "b", id: "c", state: "running" }, "b"],
		[{ id: "c", status: "running" }, "c"],
		[{ id: "request", data: { taskId: "b", state: "running" } }, "b"],
		[{ task_id: 12345, state: "running" }, "12345"],
		[{ task_id: " ", state: "running" }, null],
		[{ task_id: "a\u0000b", state: "running" }, null],
		[{ task_id: ["a"], state: "running" }, null],
	])("takes the task's id of %j as %j", (body, id) => {
		expect(readProviderReport(body).output?.task_id).toBe(id);
	});
});

it("takes no id and no URL of unbelievable length", () => {
	const task_id = "x".repeat(201);
	const result_urls = [video.padEnd(9_000, "x"), video];

	expect(
		readProviderReport({ task_id, state: "success", result_urls }),
	).toMatchObject({ output: { task_id: null, result_urls: [video] } });
});

describe("usable URLs", () => {
	it.each([
		"ftp://cdn.example.com/1.mp4",
		"javascript:alert(1)",
		"//cdn.example.com/1.mp4",
		"https://user:secret@cdn.example.com/1.mp4",
		"https://cdn.example.com/a b.mp4",
		"https://",
		"/v/1.mp4",
		42,
		null,
	])("success with the URL %j alone", (url) => {
		const body = { task_id: "t1", state: "success", result_urls: [url] };

		expect(readProviderReport(body).kind).toBe("unreadable");
		expect(
			readProviderReport({ ...body, result_urls: [url, video] }),
		).toMatchObject({
			kind: "succeeded",
			output: { result_urls: [video] },
		});
	});
});

describe("numbers", () => {
	it.each([
		[{ cost_points: "120" }, "cost_points", 120],
		[{ cost_points: 12.2 }, "cost_points", 13],
		[{ cost_points: -1 }, "cost_points", null],
		[{ cost_points: 1e300 }, "cost_points", null],
		[{ cost_points: Number.POSITIVE_INFINITY }, "cost_points", null],
		[{ cost_points: "many" }, "cost_points", null],
		[{ consumeCredits: 90 }, "cost_points", null],
		[{ cost_time: 81_000, costTime: 9 }, "cost_time_ms", 81_000],
		[{ costTime: "8.5" }, "cost_time_ms", 8_500],
		[{ costTime: null }, "cost_time_ms", null],
		[{ total_tokens: true }, "total_tokens", null],
	] as const)("%j gives %s %j", (members, name, value) => {
		const report = readProviderReport({ state: "running", ...members });

		expect(report.output?.[name]).toBe(value);
	});
});

describe("hostile bodies", () => {
	it.each([
		[
			"deep lists",
			`{"state":"fail","issues":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
		],
		[
			"deep results",
			`{"state":"success","resultJson":${JSON.stringify("[".repeat(50_000))}}`,
		],
		[
			"shadowed methods",
			'{"state":"fail","toString":1,"hasOwnProperty":1,"constructor":{"name":1},"failCode":{"toString":1}}',
		],
		[
			"a number beyond all",
			'{"state":"fail","cost_points":1e999,"failCode":1e999}',
		],
	])("are survived: %s", (_, text) => {
		expect(() => readProviderReport(JSON.parse(text))).not.toThrow();
	});

	it("never throws and never hands on what is not storable, whatever the body", () => {
		const names = fc.constantFrom(
			"state",
			"status",
			"data",
			"info",
			"code",
			"msg",
			"resultJson",
			"result_urls",
			"task_id",
			"error",
			"detail",
			"issues",
			"failMsg",
			"cost_time",
		);
		const words = fc.constantFrom(
			"success",
			"fail",
			"running",
			video,
			200,
			501,
			"\u0000\ud800",
		);
		const { body } = fc.letrec((tie) => ({
			body: fc.dictionary(names, tie("value"), { maxKeys: 6 }),
			value: fc.oneof(
				{ withCrossShrink: true, maxDepth: 4 },
				words,
				fc.anything(),
				fc.array(tie("value"), { maxLength: 3 }),
				tie("body"),
			),
		}));

		fc.assert(
			fc.property(fc.oneof(body, fc.anything(), fc.json()), (value) => {
				const report = readProviderReport(value);
				const text = JSON.stringify(report);

				expect(text).not.toMatch(/\\u0000|\\ud[89a-f]/);
				if (report.kind === "succeeded") {
					expect(report.output.result_urls.length).toBeGreaterThan(0);
				}
			}),
			{ numRuns: 2_000 },
		);
	});
});
