import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { BehaviourPatch } from "./behaviour.ts";
import { type FaultName, faultNames, faults } from "./faults.ts";
import { type Stage, setStage } from "./testing/stage.ts";
import { until } from "./testing/until.ts";

let stage: Stage;
beforeAll(async () => {
	stage = await setStage();
});
beforeEach(() => {
	stage.simulator.control.reset();
	stage.receiver.received.length = 0;
});
afterAll(() => stage.close());

const posts = () => stage.simulator.control.ledger().posts;
const post = (fault: FaultName, more: BehaviourPatch = {}) =>
	stage.post({ sim: { fault, ...more }, redirect: "manual" });

describe("an error status", () => {
	it.each([
		["http_400", 400, { detail: expect.any(String) }],
		["http_401_key", 401, { detail: "Invalid API key" }],
		["http_401_balance", 401, { detail: expect.stringMatching(/balance/) }],
		["http_402", 402, { detail: expect.any(String) }],
		["http_403", 403, { error: { message: expect.any(String) } }],
		["http_404", 404, { detail: "Not Found" }],
		["http_413", 413, { message: expect.any(String) }],
		["http_422", 422, { detail: [{ loc: ["body", "prompt"] }] }],
		["http_422_repair", 422, { state: "needs_repair", issues: [{}] }],
		["http_429", 429, { detail: expect.any(String) }],
		["http_500", 500, { error: { message: expect.any(String) } }],
		["http_503", 503, { message: expect.any(String) }],
		["http_504_not_taken", 504, { detail: expect.any(String) }],
		["code_in_200", 200, { code: 500, msg: expect.any(String) }],
	] as const)(
		"of %s is %i in one of the provider's forms, with no task",
		async (fault, status, body) => {
			const answer = await post(fault);

			expect(answer.status).toBe(status);
			expect(await answer.json()).toMatchObject(body);
			expect(posts()).toMatchObject([{ fault, accepted: false, status }]);
		},
	);

	it("repeats what the request said where its text asks for it", async () => {
		const message = "no way to {callback_url} with {authorization}";

		const answer = await post("http_400", { message });

		const { detail } = await answer.json();
		expect(detail).toBe(`no way to ${stage.receiver.url} with Bearer sk-test`);
	});

	it("of http_502 is a gateway's page", async () => {
		const answer = await post("http_502");

		expect(answer.status).toBe(502);
		expect(answer.headers.get("content-type")).toContain("text/html");
	});
});

describe("Retry-After", () => {
	it.each([
		[7, "7"],
		["absent", null],
		["absurd", "99999999999"],
		[{ raw: "soon" }, "soon"],
	] as const)("of %j is %j", async (retry_after, value) => {
		const answer = await post("http_429", { retry_after });

		expect(answer.headers.get("retry-after")).toBe(value);
	});

	it("may be a date", async () => {
		const answer = await post("http_429", { retry_after: "http-date" });

		const date = answer.headers.get("retry-after") ?? "";
		expect(date).toMatch(/ GMT$/);
		expect(Date.parse(date)).toBeGreaterThan(0);
	});
});

describe("a task behind a bad answer", () => {
	it.each(
		faultNames.filter(
			(name) => faults[name].taken && !["hang", "task_failed"].includes(name),
		),
	)("is rendered, charged and called back with %s", async (fault) => {
		await post(fault)
			.then((answer) => answer.arrayBuffer())
			.catch(() => null);
		const [callback] = await stage.receiver.arrival(1);

		expect(JSON.parse(callback?.text ?? "")).toMatchObject({
			state: "success",
			task_id: posts()[0]?.task_id,
		});
		expect(posts()).toMatchObject([{ fault, accepted: true, charged: true }]);
	});

	it("exists only if taken says so, whatever the fault usually does", async () => {
		await post("http_500", { taken: true });
		await post("html_200", { taken: false });

		await stage.receiver.arrival(1);
		expect(posts()).toMatchObject([
			{ status: 500, accepted: true },
			{ status: 200, accepted: false },
		]);
	});
});

describe("a body in a 200", () => {
	it("is a page with html_200, and half of a JSON with truncated_json", async () => {
		const page = await (await post("html_200")).text();
		const half = await (await post("truncated_json")).text();

		expect(page).toMatch(/^<!doctype html>/);
		expect(() => JSON.parse(half)).toThrow(SyntaxError);
	});

	it("has 10 MB with huge_body", async () => {
		const body = await (await post("huge_body")).arrayBuffer();

		expect(body.byteLength).toBeGreaterThan(10_000_000);
	});

	it("lacks its id with no_id and its state with no_state", async () => {
		expect(await (await post("no_id")).json()).toEqual({ state: "running" });
		expect(await (await post("no_state")).json()).toEqual({
			task_id: expect.any(String),
		});
	});

	it("is whole in the end with slow_answer", async () => {
		const drip = { bytes: 100, every_ms: 1 };

		const answer = await post("slow_answer", { drip });

		expect(await answer.json()).toMatchObject({ state: "success" });
	});

	it("breaks off with cut_answer", async () => {
		const answer = await post("cut_answer");

		await expect(answer.text()).rejects.toThrow();
		await until(() => posts()[0]?.status === 200);
		expect(posts()).toMatchObject([{ client_gone: false, answered_at: null }]);
	});

	it("is whatever custom says", async () => {
		const answer = await post("custom", {
			custom: { status: 207, headers: { "x-odd": "1" }, body: "odd" },
		});

		expect([answer.status, await answer.text()]).toEqual([207, "odd"]);
		expect(answer.headers.get("x-odd")).toBe("1");
	});
});

describe("a failed render", () => {
	it("is fail in the answer and in the callback, and costs nothing", async () => {
		const fail = { code: "422", message: "Content refused" };

		const answer = await post("task_failed", {
			fail,
			callback: { shape: "B" },
		});
		const [callback] = await stage.receiver.arrival(1);

		expect(await answer.json()).toMatchObject({ state: "fail", error: fail });
		expect(JSON.parse(callback?.text ?? "")).toMatchObject({
			code: 501,
			data: { state: "fail", failCode: "422", failMsg: "Content refused" },
		});
		expect(stage.simulator.control.settings()).toMatchObject({
			balance: 1_000_000,
			reserved: 0,
		});
		expect(posts()).toMatchObject([{ accepted: true, charged: false }]);
	});
});

describe("a socket", () => {
	it.each(["reset_before_read", "reset_after_taken"] as const)(
		"is reset unanswered with %s",
		async (fault) => {
			await expect(post(fault)).rejects.toMatchObject({
				cause: { code: "ECONNRESET" },
			});

			expect(posts()).toMatchObject([
				{ status: null, answer: "reset", accepted: faults[fault].taken },
			]);
		},
	);

	it("stays open and silent with hang, while the task is called back", async () => {
		const controller = new AbortController();
		const { signal } = controller;
		const posting = stage.post({ sim: { fault: "hang" }, signal });

		await stage.receiver.arrival(1);

		expect(posts()).toMatchObject([{ answer: "hang", answered_at: null }]);
		controller.abort();
		await expect(posting).rejects.toThrow();
		await until(() => posts()[0]?.client_gone === true);
	});
});

describe("a redirect", () => {
	it("leads back to the action and takes nothing", async () => {
		const answer = await post("redirect_307");

		expect(answer.status).toBe(307);
		expect(answer.headers.get("location")).toMatch(/kling.*redirected=1$/);
		expect(posts()).toMatchObject([{ accepted: false }]);
	});

	it("shows a client that follows it as a second, paid POST", async () => {
		const sim = { fault: "redirect_307" } as const;

		const answer = await stage.post({ sim, redirect: "follow" });

		expect((await answer.json()).state).toBe("success");
		expect(posts().map((entry) => entry.charged)).toEqual([false, true]);
	});
});
