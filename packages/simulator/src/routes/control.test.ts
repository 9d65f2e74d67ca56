import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { faultNames } from "../faults.ts";
import { type Stage, setStage } from "../testing/stage.ts";

let stage: Stage;
beforeEach(async () => {
	stage = await setStage();
});
afterEach(() => stage.close());

async function ask(method: string, path: string, body?: unknown) {
	const answer = await fetch(`${stage.simulator.url}/control${path}`, {
		method,
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
	});
	const text = await answer.text();
	return { status: answer.status, body: text ? JSON.parse(text) : null };
}

describe("GET /control", () => {
	it("documents every fault and every field", async () => {
		const { body } = await ask("GET", "");

		expect(Object.keys(body.faults)).toEqual(faultNames);
		const { properties } = body.schemas.behaviour;
		expect(Object.keys(properties.callback.properties)).toEqual(
			Object.keys(body.faithful_defaults.callback),
		);
	});

	it("gives examples that it takes itself", async () => {
		const { body } = await ask("GET", "");

		for (const [route, example] of Object.entries(body.examples)) {
			const [method, path] = route.split(" /control");
			if (!method || !path) continue;
			const { status } = await ask(method, path, example);
			expect([route, status < 300]).toEqual([route, true]);
		}
	});
});

describe("PUT /control/defaults", () => {
	it("changes what it names and leaves the rest", async () => {
		await ask("PUT", "/defaults", { callback: { shape: "B" } });
		const { body } = await ask("PUT", "/defaults", {
			rate: "5/1",
			balance: 200,
			callback: { duplicates: 1 },
		});

		expect(body).toMatchObject({
			rate: { limit: 5, windowMs: 1000 },
			balance: 200,
			concurrency: 100,
			behaviour: {
				render_ms: 10,
				callback: { shape: "B", duplicates: 1, lose: false },
			},
		});
	});

	it("holds a fault until it is taken away", async () => {
		await ask("PUT", "/defaults", { fault: "http_503" });
		const during = await stage.post();
		await ask("PUT", "/defaults", { fault: null });
		const afterwards = await stage.post();

		expect([during.status, afterwards.status]).toEqual([503, 200]);
	});

	it("refuses an unknown field by its name", async () => {
		const { status, body } = await ask("PUT", "/defaults", { renderms: 5 });

		expect(status).toBe(422);
		expect(body.detail).toContain("renderms");
	});
});

describe("POST /control/scripts", () => {
	it("takes one or a list, used up in order and under header and marker", async () => {
		await ask("POST", "/scripts", { behaviour: { fault: "http_500" } });
		const { status, body } = await ask("POST", "/scripts", [
			{ match: { prompt: "boat" }, behaviour: { fault: "http_503" } },
			{ behaviour: { fault: "http_400" } },
		]);

		const statuses: number[] = [];
		for (let n = 0; n < 2; n += 1) statuses.push((await stage.post()).status);
		const marked = await stage.post({
			body: { prompt: 'x [[sim: {"fault":"http_402"}]]' },
			sim: { fault: "http_403" },
		});
		statuses.push(marked.status, (await stage.post()).status);

		expect([status, body]).toEqual([201, { ids: [2, 3] }]);
		expect(statuses).toEqual([500, 503, 402, 200]);
	});

	it("forgets them on DELETE", async () => {
		await ask("POST", "/scripts", { behaviour: { fault: "http_500" } });
		await ask("DELETE", "/scripts");

		expect((await ask("GET", "/scripts")).body).toEqual({ scripts: [] });
	});
});

describe("POST /control/balance", () => {
	it("sets and tops up", async () => {
		await ask("POST", "/balance", { set: 10 });

		const { body } = await ask("POST", "/balance", { add: 5 });

		expect(body).toEqual({ balance: 15 });
	});
});

describe("POST /control/reset", () => {
	it("drops what renders and forgets what was", async () => {
		await ask("PUT", "/defaults", { answer: "immediate", render_ms: 60_000 });
		await stage.post();

		const { body } = await ask("POST", "/reset");

		expect(body).toMatchObject({ running: 0, reserved: 0, balance: 1_000_000 });
		expect(body.behaviour).toMatchObject({ answer: "blocking", render_ms: 10 });
		expect((await ask("GET", "/ledger")).body).toMatchObject({
			posts: [],
			callbacks: [],
			totals: { posts: 0, max_in_window: 0 },
		});
	});
});

describe("GET /control/ledger", () => {
	it("finds one task with its callbacks", async () => {
		await stage.post({ body: { prompt: "first" } });
		const { task_id } = await (
			await stage.post({ body: { prompt: "second" } })
		).json();
		await stage.receiver.arrival(2);

		const byId = await ask("GET", `/ledger?task_id=${task_id}`);
		const byPrompt = await ask("GET", "/ledger?prompt=second");
		const newest = await ask("GET", "/ledger?limit=1");

		expect(byId.body.posts).toMatchObject([{ n: 2, prompt: "second" }]);
		expect(byId.body.callbacks).toMatchObject([{ task_id }]);
		expect(byPrompt.body).toEqual(byId.body);
		expect(newest.body.posts).toEqual(byId.body.posts);
		expect(byId.body.totals).toMatchObject({ posts: 2, charged_posts: 2 });
	});
});

describe("the tenant's routes", () => {
	it("tell the balance and the usage to a good key only", async () => {
		await stage.post();
		const headers = { authorization: "Bearer sk-test" };
		const at = (path: string) => `${stage.simulator.url}/api/v1/${path}`;

		const me = await (await fetch(at("me"), { headers })).json();
		const usage = await (await fetch(at("usage"), { headers })).json();
		const refused = await fetch(at("me"));

		expect(me).toMatchObject({ balance: 1_000_000 - 70 });
		expect(usage).toMatchObject({ total: 1, items: [{ cost_points: 70 }] });
		expect(refused.status).toBe(401);
	});
});

describe("GET /files", () => {
	it("serves the result as MP4, and a range of it", async () => {
		const { result_urls } = await (
			await stage.post({ body: { aspect_ratio: "9:16" } })
		).json();

		const whole = await fetch(result_urls[0]);
		const bytes = Buffer.from(await whole.arrayBuffer());
		const part = await fetch(result_urls[0], {
			headers: { range: "bytes=4-7" },
		});

		expect(whole.headers.get("content-type")).toBe("video/mp4");
		expect(bytes.toString("latin1", 4, 8)).toBe("ftyp");
		expect([part.status, await part.text()]).toEqual([206, "ftyp"]);
	});

	it("has nothing for an unknown task", async () => {
		const answer = await fetch(`${stage.simulator.url}/files/abc.mp4`);

		expect(answer.status).toBe(404);
	});
});
