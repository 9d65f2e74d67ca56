import { describe, expect, it } from "vitest";
import { classify, now, success } from "../testing/classified.ts";
import { classifyOutcome } from "./outcome.ts";
import { parseResultHosts } from "./result-url.ts";

describe("without an answer", () => {
	it("keeps apart what was never sent from what may have been taken", () => {
		const unsent = classifyOutcome(
			{ kind: "unsent", reason: "ECONNREFUSED" },
			now,
		);
		const lost = classifyOutcome({ kind: "lost", reason: "timeout" }, now);

		expect(unsent).toEqual({ kind: "unsent", reason: "ECONNREFUSED" });
		expect(lost).toEqual({ kind: "unknown", reason: "timeout" });
	});
});

describe("2xx", () => {
	it.each([
		[200, success, "succeeded"],
		[201, success, "succeeded"],
		[202, { task_id: "t1", state: "running" }, "accepted"],
		[200, { task_id: "t1" }, "accepted"],
		[200, { code: 200, msg: "success", data: { taskId: "t1" } }, "accepted"],
		[200, { state: "running" }, "accepted"],
		[200, { task_id: "t1", state: "sleeping" }, "accepted"],
		[200, { task_id: "t1", state: "success", result_urls: [] }, "accepted"],
		[200, { ...success, status: "failed" }, "accepted"],
		[200, {}, "accepted"],
		[200, [], "accepted"],
		[204, undefined, "accepted"],
		[200, { task_id: "t1", state: "failed", message: "no" }, "failed"],
		[200, { state: "needs_repair", issues: [] }, "failed"],
		[200, { error: { message: "no" } }, "failed"],
	])("%i with %j is %s", (status, body, kind) => {
		expect(classify(status, { body }).kind).toBe(kind);
	});

	it("does not hand on a result from a host that is not ours, and leaves the task accepted", () => {
		const end = {
			kind: "answered",
			status: 200,
			retryAfter: null,
			body: success,
			text: "",
		} as const;
		const hosts = (text: string) => parseResultHosts(text);

		expect(classifyOutcome(end, now, hosts("cdn.example.com")).kind).toBe(
			"succeeded",
		);
		expect(classifyOutcome(end, now, hosts("files.example.com"))).toMatchObject(
			{ kind: "accepted", output: { task_id: "t1", result_urls: [] } },
		);
	});

	it("keeps the task's id of an answer that says too little", () => {
		const unclear = classify(200, {
			body: { task_id: "t1", state: "sleeping" },
		});
		const html = classify(200, { text: "<html>hello</html>" });

		expect(unclear).toMatchObject({ output: { task_id: "t1" } });
		expect(html).toEqual({ kind: "accepted", output: null });
	});
});

describe("2xx with an error code inside", () => {
	it.each([
		[429, "rate_limited"],
		[402, "closed"],
		[401, "closed"],
		[400, "refused"],
		[422, "refused"],
		[455, "refused"],
		[408, "unknown"],
		[500, "provider_error"],
		[502, "provider_error"],
		[503, "provider_error"],
		[504, "unknown"],
		[501, "failed"],
		[505, "failed"],
		[531, "failed"],
		[307, "failed"],
		[1101, "failed"],
		["429", "rate_limited"],
	])("code %j without a task is %s", (code, kind) => {
		expect(classify(200, { body: { code, msg: "no", data: null } }).kind).toBe(
			kind,
		);
	});

	it.each([429, 402, 401, 422, 500, 501, 504])(
		"code %i with a task that failed is that failure, and is not sent again",
		(code) => {
			const data = {
				taskId: "t1",
				state: "fail",
				failCode: "500",
				failMsg: "no",
			};

			expect(classify(200, { body: { code, msg: "x", data } })).toMatchObject({
				kind: "failed",
				output: { task_id: "t1" },
				error: { code: "500", message: "no" },
			});
		},
	);

	it.each([429, 402, 422, 500])(
		"code %i beside a task that runs leaves it accepted",
		(code) => {
			const named = { code, data: { taskId: "t1", state: "generating" } };
			const nameless = { code, data: { state: "generating" } };

			expect(classify(200, { body: named })).toMatchObject({
				kind: "accepted",
				output: { task_id: "t1" },
			});
			expect(classify(200, { body: nameless }).kind).toBe("accepted");
		},
	);
});

describe("429", () => {
	it.each([
		["7", 7_000],
		["Mon, 23 Mar 2026 12:00:30 GMT", 30_000],
		["Mon, 23 Mar 2026 11:59:00 GMT", 0],
		["86400", 3_600_000],
		["999999999999", 3_600_000],
		["soon", null],
		[undefined, null],
	])("with Retry-After %j waits %j ms", (retryAfter, retryAfterMs) => {
		const said = retryAfter === undefined ? {} : { retryAfter };

		expect(classify(429, said)).toEqual({ kind: "rate_limited", retryAfterMs });
	});
});

describe("402 and 401", () => {
	it.each([
		[402, { detail: "Payment required" }, "funds"],
		[402, undefined, "funds"],
		[401, { detail: "Insufficient balance" }, "funds"],
		[401, { error: { code: "insufficient_credits", message: "no" } }, "funds"],
		[401, { error: { code: "insufficientBalance", message: "no" } }, "funds"],
		[401, { message: "Please top-up your account" }, "funds"],
		[401, { detail: "账户余额不足" }, "funds"],
		[401, { msg: "请充值后再试" }, "funds"],
		[401, { msg: "租户已欠费" }, "funds"],
		[401, { detail: "Invalid API key" }, "credentials"],
		[401, { detail: "Invalid credentials for this endpoint" }, "credentials"],
		[401, { detail: "insufficient permissions" }, "credentials"],
		[401, { detail: "权限不足" }, "credentials"],
		[401, undefined, "credentials"],
	])("%i with %j closes for %s", (status, body, reason) => {
		expect(classify(status, { body })).toMatchObject({
			kind: "closed",
			reason,
			error: { status },
		});
	});

	it("hears of the balance in an answer that is not JSON", () => {
		expect(classify(401, { text: "balance empty" })).toMatchObject({
			reason: "funds",
		});
	});
});

describe("other statuses", () => {
	it.each([
		[400, "refused"],
		[403, "refused"],
		[404, "refused"],
		[409, "refused"],
		[413, "refused"],
		[422, "refused"],
		[425, "refused"],
		[408, "unknown"],
		[499, "unknown"],
		[500, "provider_error"],
		[502, "provider_error"],
		[503, "provider_error"],
		[501, "unknown"],
		[504, "unknown"],
		[520, "unknown"],
		[524, "unknown"],
		[301, "refused"],
		[307, "refused"],
		[308, "refused"],
		[300, "unknown"],
		[302, "unknown"],
		[303, "unknown"],
		[304, "unknown"],
		[100, "unknown"],
		[101, "unknown"],
		[0, "unknown"],
		[Number.NaN, "unknown"],
		[999, "unknown"],
	])("%i is %s", (status, kind) => {
		expect(classify(status, { text: "<html>x</html>" }).kind).toBe(kind);
	});

	it("passes on the provider's own code, message and fix list", () => {
		const body = {
			state: "needs_repair",
			error: { code: "bad_duration", message: "Too long." },
			issues: [{ field: "duration" }],
			repair_options: [{ duration: "5" }],
			minimal_runnable_payload: { prompt: "a dog", callBackUrl: "https://x/y" },
		};

		expect(classify(422, { body })).toEqual({
			kind: "refused",
			error: {
				code: "bad_duration",
				message: "Too long.",
				status: 422,
				issues: [{ field: "duration" }],
				repair_options: [{ duration: "5" }],
				minimal_runnable_payload: { prompt: "a dog" },
			},
		});
	});

	it("names the status, and quotes what is not JSON but is no page either", () => {
		const page = classify(502, { text: "<html>Bad gateway</html>" });
		const line = classify(502, { text: "upstream\n went away" });

		expect(page).toMatchObject({
			error: { code: null, message: "The provider answered 502.", status: 502 },
		});
		expect(line).toMatchObject({
			error: { message: "The provider answered 502: upstream went away" },
		});
	});

	it.each([400, 402, 422, 429, 500, 502, 503])(
		"%i beside a task that runs or has succeeded is unknown",
		(status) => {
			expect(
				classify(status, { body: { task_id: "t1", state: "running" } }).kind,
			).toBe("unknown");
			expect(classify(status, { body: success }).kind).toBe("unknown");
		},
	);

	it.each([
		[500, { task_id: "t1", detail: "poller crashed" }, "unknown"],
		[429, { task_id: "t1", detail: "slow down" }, "unknown"],
		[500, { task_id: "t1", state: "failed" }, "provider_error"],
		[500, { code: 500, data: { taskId: "t1" } }, "unknown"],
		[500, { state: "failed", status: "success" }, "unknown"],
		[504, { task_id: "t1", state: "failed" }, "unknown"],
		[422, { task_id: "t1", detail: "bad" }, "refused"],
		[500, { id: "req_1", detail: "crashed" }, "provider_error"],
	])("%i with %j is %s", (status, body, kind) => {
		expect(classify(status, { body }).kind).toBe(kind);
	});
});
