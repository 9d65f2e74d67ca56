import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Stage, setStage } from "../testing/stage.ts";
import { until } from "../testing/until.ts";

let stage: Stage;
beforeEach(async () => {
	stage = await setStage();
});
afterEach(() => stage.close());

const ledger = () => stage.simulator.control.ledger();
const settings = () => stage.simulator.control.settings();

describe("200", () => {
	it("is the finished video when the answer blocks, charged and called back", async () => {
		const answer = await stage.post({ body: { duration: "4", mode: "std" } });
		const output = await answer.json();
		const [callback] = await stage.receiver.arrival(1);

		expect(answer.status).toBe(200);
		expect(output).toMatchObject({ state: "success", cost_points: 40 });
		expect(output.result_urls).toEqual([
			`${stage.simulator.url}/files/${output.task_id}.mp4`,
		]);
		expect(JSON.parse(callback?.text ?? "")).toEqual(output);
		expect(settings().balance).toBe(1_000_000 - 40);
		expect(ledger().posts).toMatchObject([
			{ accepted: true, charged: true, points: 40, status: 200, fault: null },
		]);
	});

	it("comes at once, running and unpaid, when the answer is immediate", async () => {
		const sim = { answer: "immediate", render_ms: 60_000 } as const;

		const answer = await stage.post({ sim });

		expect(await answer.json()).toMatchObject({
			state: "running",
			result_urls: [],
			cost_points: null,
		});
		expect(ledger().posts).toMatchObject([{ accepted: true, charged: false }]);
		expect(settings()).toMatchObject({ balance: 1_000_000, reserved: 70 });
	});

	it("says its state in other words and under another name when asked", async () => {
		const answer = await stage.post({
			sim: { state_key: "status", state_words: { success: "SUCCEEDED" } },
		});

		const output = await answer.json();

		expect(output.status).toBe("SUCCEEDED");
		expect(output).not.toHaveProperty("state");
	});

	it("may come before its callback", async () => {
		const answer = await stage.post({ sim: { callback: { order: "after" } } });

		expect((await answer.json()).state).toBe("success");
		expect(await stage.receiver.arrival(1)).toHaveLength(1);
	});

	it("goes on to render when the client leaves", async () => {
		const controller = new AbortController();
		const posting = stage.post({
			sim: { render_ms: 150 },
			signal: controller.signal,
		});
		await until(() => ledger().posts[0]?.accepted === true);

		controller.abort();

		await expect(posting).rejects.toThrow();
		await stage.receiver.arrival(1);
		await until(() => ledger().posts[0]?.client_gone === true);
		expect(ledger().posts).toMatchObject([
			{ charged: true, answered_at: null },
		]);
	});
});

describe("400", () => {
	it("says what cannot be rendered, and no task starts", async () => {
		const answer = await stage.post({ body: { duration: "99" } });

		expect(answer.status).toBe(400);
		expect((await answer.json()).detail).toContain("duration");
		expect(ledger().posts).toMatchObject([{ accepted: false, status: 400 }]);
	});

	it("refuses a behaviour that it does not understand", async () => {
		const answer = await stage.post({ headers: { "x-simulator": "{oops" } });

		expect(answer.status).toBe(400);
		expect((await answer.json()).detail).toContain("x-simulator");
	});
});

describe("401", () => {
	it.each([{ authorization: "" }, { authorization: "Bearer bad-key" }])(
		"refuses %j before the body is read, and the ledger knows",
		async (headers) => {
			const answer = await stage.post({ headers });

			expect(answer.status).toBe(401);
			expect(ledger()).toMatchObject({
				posts: [{ authorized: false, prompt: null, status: 401 }],
				totals: { posts: 1, unauthorized_posts: 1, max_in_window: 0 },
			});
		},
	);

	it("refuses a key that is not in the list", async () => {
		const strict = await setStage({ keys: ["sk-other"] });

		const answer = await strict.post();

		await strict.close();
		expect(answer.status).toBe(401);
	});
});

describe("402", () => {
	it("comes when the balance is drained, until it is topped up", async () => {
		stage.simulator.control.changeBalance({ set: 150 });

		const statuses: number[] = [];
		for (let n = 0; n < 3; n += 1) statuses.push((await stage.post()).status);
		stage.simulator.control.changeBalance({ add: 60 });
		statuses.push((await stage.post()).status);

		expect(statuses).toEqual([200, 200, 402, 200]);
		expect(settings().balance).toBe(0);
		expect(ledger().totals).toMatchObject({
			charged_posts: 3,
			charged_points: 210,
		});
	});

	it("counts renders under way: together they cannot overspend", async () => {
		stage.simulator.control.changeBalance({ set: 100 });

		const answers = await Promise.all([stage.post(), stage.post()]);

		expect(answers.map(({ status }) => status).sort()).toEqual([200, 402]);
		expect(settings()).toMatchObject({ balance: 30, reserved: 0 });
	});
});

describe("404", () => {
	it("is the answer to an unknown action", async () => {
		const answer = await stage.post({ action: "no_such_action" });

		expect(answer.status).toBe(404);
		expect(await answer.json()).toEqual({ detail: "Not Found" });
		expect(ledger().posts).toMatchObject([{ action: "no_such_action" }]);
	});
});

describe("413", () => {
	it("refuses a body of more than 2 MB", async () => {
		const answer = await stage.post({
			body: { prompt: "x".repeat(2_200_000) },
		});

		expect(answer.status).toBe(413);
		expect(ledger().posts).toMatchObject([{ status: 413, accepted: false }]);
	});
});

describe("422", () => {
	it.each([
		["a number for the duration", { duration: 5 }, "string_type"],
		["text that is no JSON", "{", "json_invalid"],
		["nothing", "", "missing"],
	])("is FastAPI's list for %s", async (_, body, type) => {
		const answer = await stage.post({ body });

		expect(answer.status).toBe(422);
		expect((await answer.json()).detail).toMatchObject([{ type }]);
	});

	it("refuses a body that is not declared to be JSON", async () => {
		const answer = await stage.post({
			headers: { "content-type": "text/plain" },
		});

		expect(answer.status).toBe(422);
	});
});

describe("429", () => {
	it("refuses what exceeds the rate, says until when, and uses up no script", async () => {
		stage.simulator.control.setDefaults({ rate: "2/60" });
		stage.simulator.control.addScript({
			match: { prompt: "third" },
			behaviour: { fault: "http_500" },
		});

		await Promise.all([stage.post(), stage.post()]);
		const third = await stage.post({ body: { prompt: "third" } });

		expect(third.status).toBe(429);
		const waitS = Number(third.headers.get("retry-after"));
		expect(waitS).toBeGreaterThan(0);
		expect(waitS).toBeLessThanOrEqual(60);
		expect(stage.simulator.control.listScripts()).toHaveLength(1);
		expect(ledger().totals).toMatchObject({
			accepted_posts: 2,
			max_in_window: 3,
		});
	});

	it("refuses renders beyond the concurrency", async () => {
		stage.simulator.control.setDefaults({ concurrency: 2 });
		const sim = { answer: "immediate", render_ms: 60_000 } as const;

		const answers = [];
		for (let n = 0; n < 3; n += 1) answers.push(await stage.post({ sim }));

		expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
		expect(ledger().totals.max_concurrent).toBe(2);
		expect(ledger().posts.map((post) => post.concurrent_at_arrival)).toEqual([
			0, 1, 2,
		]);
	});
});
