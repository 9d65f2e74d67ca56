import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CallbackBehaviour } from "./behaviour.ts";
import { callbackShapeNames } from "./callback-shapes.ts";
import { type Stage, setStage } from "./testing/stage.ts";
import { until } from "./testing/until.ts";

let stage: Stage;
beforeEach(async () => {
	stage = await setStage({
		behaviour: { callback: { retry_delay_ms: 1, gap_ms: 5 } },
	});
});
afterEach(() => stage.close());

const ledger = () => stage.simulator.control.ledger();
const post = (callback: Partial<CallbackBehaviour>) =>
	stage.post({ sim: { callback } });

async function statesOf(count: number): Promise<unknown[]> {
	const received = await stage.receiver.arrival(count);
	return received.map(({ text }) => JSON.parse(text).state);
}

it.each(callbackShapeNames)("has the shape %s on the wire", async (shape) => {
	await post({ shape });

	const [callback] = await stage.receiver.arrival(1);

	const { task_id } = ledger().posts[0] ?? {};
	expect(callback?.text).toContain(task_id);
	expect(callback?.text).toContain(`/files/${task_id}.mp4`);
	expect(callback?.path).toBe("/callbacks/secret-token");
	expect(ledger().callbacks).toMatchObject([{ shape, kind: "success" }]);
});

it("is not sent when lost, and the task is charged", async () => {
	await post({ lose: true });

	expect(ledger().callbacks).toEqual([]);
	expect(ledger().totals.charged_posts).toBe(1);
});

it("is not sent when no address was given", async () => {
	await stage.post({ body: { callBackUrl: null } });

	expect(ledger().callbacks).toEqual([]);
});

it("comes in as many copies as asked", async () => {
	await post({ duplicates: 4 });

	const received = await stage.receiver.arrival(5);

	expect(new Set(received.map(({ text }) => text)).size).toBe(1);
	await until(() => ledger().totals.callbacks_answered_2xx === 5);
	expect(ledger().callbacks.map(({ copy }) => copy)).toEqual([1, 2, 3, 4, 5]);
});

it("is answered before the POST is when early", async () => {
	const answer = await stage.post({
		sim: {
			answer: "immediate",
			render_ms: 60_000,
			callback: { early: true },
		},
	});

	expect(ledger().totals.callbacks_answered_2xx).toBe(1);
	expect(await answer.json()).toMatchObject({ state: "running" });
	expect(await statesOf(1)).toEqual(["success"]);
});

it("comes after the answer when delayed", async () => {
	await post({ delay_ms: 30 });

	expect(ledger().callbacks).toEqual([]);
	expect(await stage.receiver.arrival(1)).toHaveLength(1);
});

it.each([
	["success_then_fail", ["success", "fail"]],
	["fail_then_success", ["fail", "success"]],
] as const)("contradicts itself with %s", async (contradict, states) => {
	await post({ contradict });

	expect(await statesOf(2)).toEqual(states);
});

it("tells progress in order, before and after the end", async () => {
	await stage.post({
		sim: {
			render_ms: 90,
			callback: {
				progress: ["waiting", "queuing"],
				progress_with_urls: true,
				after_terminal_progress: true,
				gap_ms: 30,
			},
		},
	});

	expect(await statesOf(4)).toEqual([
		...["waiting", "queuing"],
		...["success", "generating"],
	]);
	expect(stage.receiver.received[0]?.text).toContain(".mp4");
});

it.each([
	["truncated", /^\{.*[^}]$/s],
	["html", /^<!doctype/],
	["empty", /^$/],
	["wrong_types", /"task_id":32/],
	["array", /^\[\{/],
	["deep", /\[{1000}/],
] as const)("is malformed with %s", async (malformed, pattern) => {
	await post({ malformed });

	const [callback] = await stage.receiver.arrival(1);

	expect(callback?.text).toMatch(pattern);
	expect(ledger().callbacks).toMatchObject([{ malformed }]);
});

it("has the content type and the size that are asked", async () => {
	await post({ content_type: "text/plain", pad_bytes: 5000 });

	const [callback] = await stage.receiver.arrival(1);

	expect(callback?.headers["content-type"]).toBe("text/plain");
	expect(callback?.text.length).toBeGreaterThan(5000);
});

describe("a try that is not answered 2xx", () => {
	it("is followed by others until one is", async () => {
		stage.receiver.answerWith(503, 404);

		await post({});
		await until(() => ledger().totals.callbacks_answered_2xx === 1);

		expect(
			ledger().callbacks.map(({ attempt, status }) => [attempt, status]),
		).toEqual([
			[1, 503],
			[2, 404],
			[3, 200],
		]);
	});

	it("is the last when the attempts are used up", async () => {
		stage.receiver.answerWith(500, 500, 500);

		await post({ max_attempts: 2 });
		await until(() => ledger().callbacks[1]?.status === 500);
		await post({ lose: true });

		expect(ledger().totals).toMatchObject({
			callbacks_sent: 2,
			callbacks_answered_2xx: 0,
		});
	});

	it("is told with its error when nobody listens", async () => {
		const callBackUrl = "http://127.0.0.1:1/callbacks";
		const sim = { callback: { max_attempts: 1 } };

		await stage.post({ body: { callBackUrl }, sim });
		await until(() => ledger().callbacks[0]?.answered_at !== null);

		expect(ledger().callbacks).toMatchObject([
			{ status: null, error: expect.stringContaining("ECONNREFUSED") },
		]);
	});
});

describe("a broken sender", () => {
	it("sends half of the body and goes away", async () => {
		await post({ half_sent: true, max_attempts: 1 });

		const [callback] = await stage.receiver.arrival(1);

		expect(callback?.isComplete).toBe(false);
		await until(() => ledger().callbacks[0]?.error !== null);
	});

	it("drips the body, whole in the end", async () => {
		await post({ slow_body: { bytes: 100, every_ms: 1 } });

		expect(await statesOf(1)).toEqual(["success"]);
	});
});
