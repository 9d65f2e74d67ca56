export const callbackShapeNames = [
	"A",
	"B",
	"B_object",
	"C_data",
	"C_wrapped",
	"C_info",
	"C_info_snake",
] as const;

export type CallbackShape = (typeof callbackShapeNames)[number];

/** What a callback tells, before it takes a shape. */
export type TaskReport = {
	taskId: string;
	/** The word as sent; `isFailure` is what it means. */
	state: string;
	stateKey: "state" | "status";
	isFailure: boolean;
	isFinal: boolean;
	urls: readonly string[];
	points: number;
	remaining: number;
	request: unknown;
	startedAtMs: number;
	endedAtMs: number;
	fail: { code: string; message: string };
	snakeIds: boolean;
};

/** The published output object: the answer of a POST, and shape A of a callback. */
export function outputObject(report: TaskReport): Record<string, unknown> {
	return {
		task_id: report.taskId,
		[report.stateKey]: report.state,
		result_urls: report.urls,
		cost_time: report.isFinal ? report.endedAtMs - report.startedAtMs : null,
		cost_points: report.isFinal ? report.points : null,
		model: "kling-3.0/video",
		source: "simulator",
		input_tokens: 0,
		output_tokens: 0,
		total_tokens: 0,
		provider_config_id: 1,
		...(report.isFailure ? { error: report.fail } : {}),
	};
}

/** One outcome in any of the forms in which the provider may tell it. */
export function shapeCallback(
	shape: CallbackShape,
	report: TaskReport,
): Record<string, unknown> {
	switch (shape) {
		case "A":
			return outputObject(report);
		case "B":
			return envelope(report, upstreamTask(report, "string"));
		case "B_object":
			return envelope(report, upstreamTask(report, "object"));
		case "C_data":
			return { ...upstreamTask(report, "string"), ...credits(report) };
		case "C_wrapped":
			return envelope(report, outputObject(report));
		case "C_info":
			return envelope(report, infoTask(report, "resultUrls"));
		case "C_info_snake":
			return envelope(report, infoTask(report, "result_urls"));
	}
}

function envelope(
	report: TaskReport,
	data: Record<string, unknown>,
): Record<string, unknown> {
	if (report.isFailure) return { code: 501, msg: report.fail.message, data };
	return { code: 200, msg: "success", data };
}

function upstreamTask(
	report: TaskReport,
	resultAs: "string" | "object",
): Record<string, unknown> {
	const result = report.urls.length > 0 ? { resultUrls: report.urls } : null;
	return {
		...ids(report),
		model: "kling-3.0/video",
		state: report.state,
		// The whole request comes back, the callback's address included.
		param: JSON.stringify(report.request),
		resultJson:
			result && resultAs === "string" ? JSON.stringify(result) : result,
		failCode: report.isFailure ? report.fail.code : null,
		failMsg: report.isFailure ? report.fail.message : null,
		costTime: Math.round((report.endedAtMs - report.startedAtMs) / 1000),
		createTime: report.startedAtMs,
		completeTime: report.endedAtMs,
	};
}

function infoTask(
	report: TaskReport,
	urlsKey: "resultUrls" | "result_urls",
): Record<string, unknown> {
	return {
		...ids(report),
		state: report.state,
		info: { [urlsKey]: report.urls },
		...(report.isFailure
			? { failCode: report.fail.code, failMsg: report.fail.message }
			: {}),
		...credits(report),
	};
}

function ids(report: TaskReport): Record<string, string> {
	return report.snakeIds
		? { task_id: report.taskId }
		: { taskId: report.taskId };
}

function credits(report: TaskReport): Record<string, number> {
	return { consumeCredits: report.points, remainedCredits: report.remaining };
}
