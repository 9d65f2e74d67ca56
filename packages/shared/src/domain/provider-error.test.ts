import { describe, expect, it } from "vitest";
import { readProviderReport } from "./provider-answer.ts";

describe("errors", () => {
	it.each([
		[{ error: { message: "no", code: "bad" } }, { code: "bad", message: "no" }],
		[{ error: "no" }, { code: null, message: "no" }],
		[{ detail: "no" }, { code: null, message: "no" }],
		[
			{ detail: { message: "no", code: "bad" } },
			{ code: "bad", message: "no" },
		],
		[
			{ code: 422, msg: "no", data: null },
			{ code: "422", message: "no" },
		],
		[
			{ code: 200, msg: "success", data: { state: "fail", failMsg: "" } },
			{
				code: null,
				message: "The provider reports a failure and gives no reason.",
			},
		],
	])("%j is a failure with its own words", (body, error) => {
		const report = readProviderReport(body);

		expect(report).toMatchObject({ kind: "failed", error });
	});

	it("keeps the repair hints", () => {
		const hints = {
			issues: [{ field: "duration" }],
			repair_options: [{ set: "5" }],
			minimal_runnable_payload: { prompt: "a dog" },
		};

		const report = readProviderReport({
			state: "needs_repair",
			message: "no",
			...hints,
		});

		expect(report).toMatchObject({
			kind: "failed",
			error: { message: "no", ...hints },
		});
	});

	it("reads FastAPI's list of details into one sentence and its issues", () => {
		const detail = [
			{ loc: ["body", "duration"], msg: "not valid", type: "value_error" },
			{ loc: ["body", "prompt"], msg: "missing", type: "missing" },
		];

		expect(readProviderReport({ detail })).toMatchObject({
			kind: "failed",
			error: {
				message: "body.duration: not valid; body.prompt: missing",
				issues: detail,
			},
		});
	});
});
