/** What a provider calls back with, written down from the published samples and not from our parser. */

export const videoUrl = "https://cdn.example.com/video.mp4";
const urls = [videoUrl];

const published = {
	task_id: "task-1",
	state: "success",
	result_urls: urls,
	cost_time: 81_000,
	cost_points: 120,
	model: "kling-3.0/video",
};
const upstream = {
	taskId: "task-1",
	model: "kling-3.0/video",
	state: "success",
	param: '{"prompt":"A boat"}',
	failCode: null,
	failMsg: null,
	costTime: 81,
	createTime: 1,
	completeTime: 2,
};
const envelope = (data: object) => ({ code: 200, msg: "success", data });
const asText = JSON.stringify({ resultUrls: urls });

/** Every shape in which one success may be told. */
export const successes: [shape: string, body: Record<string, unknown>][] = [
	["A", published],
	[
		"A with status for state",
		{ ...published, state: undefined, status: "SUCCESS" },
	],
	["A with another word", { ...published, state: "Succeeded" }],
	["B", envelope({ ...upstream, resultJson: asText })],
	[
		"B with an object",
		envelope({ ...upstream, resultJson: { resultUrls: urls } }),
	],
	[
		"B with task_id",
		envelope({
			...upstream,
			taskId: undefined,
			task_id: "task-1",
			resultJson: asText,
		}),
	],
	[
		"C without the envelope",
		{ ...upstream, resultJson: asText, consumeCredits: 7, remainedCredits: 1 },
	],
	["C around A", envelope(published)],
	[
		"C with info.resultUrls",
		envelope({
			taskId: "task-1",
			state: "success",
			info: { resultUrls: urls },
		}),
	],
	[
		"C with info.result_urls",
		envelope({
			taskId: "task-1",
			state: "success",
			info: { result_urls: urls },
		}),
	],
];

/** Every shape in which one failure may be told. */
export const failures: [shape: string, body: Record<string, unknown>][] = [
	[
		"A",
		{
			task_id: "task-1",
			state: "fail",
			result_urls: [],
			error: { code: "500", message: "It broke" },
		},
	],
	[
		"B",
		{
			code: 501,
			msg: "It broke",
			data: {
				...upstream,
				state: "fail",
				failCode: "500",
				failMsg: "It broke",
			},
		},
	],
	["C", { ...upstream, state: "failed", failCode: "500", failMsg: "It broke" }],
];

export const success = published;
export const failure = failures[0]?.[1] ?? {};
export const progress = {
	task_id: "task-1",
	state: "generating",
	result_urls: urls,
};
