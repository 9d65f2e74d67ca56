import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Stage, setStage } from "../testing/stage.ts";

let stage: Stage;
beforeEach(async () => {
	stage = await setStage();
});
afterEach(() => stage.close());

async function ask(path: string, key = "sk-test") {
	const answer = await fetch(`${stage.simulator.url}/api/v1/${path}`, {
		headers: { authorization: `Bearer ${key}` },
	});
	// biome-ignore lint/suspicious/noExplicitAny: each test reads what it asked for
	return { status: answer.status, body: (await answer.json()) as any };
}
async function render(duration = "5"): Promise<string> {
	const answer = await stage.post({ body: { duration } });
	return (await answer.json()).task_id;
}

describe("GET /api/v1/usage", () => {
	it("has a line for each task that was paid for, and for no other", async () => {
		const first = await render("5");
		const second = await render("10");
		await stage.post({ sim: { fault: "task_failed" } });

		const { body } = await ask("usage");

		expect(body.total).toBe(2);
		expect(
			body.items.map((item: { task_id: string; cost_points: number }) => [
				item.task_id,
				item.cost_points,
			]),
		).toEqual(
			expect.arrayContaining([
				[first, 70],
				[second, 140],
			]),
		);
	});

	it("is told in pages, by time and by action", async () => {
		for (let n = 0; n < 3; n += 1) await render();

		const pages = [
			await ask("usage?page=1&page_size=2"),
			await ask("usage?page=2&page_size=2"),
			await ask("usage?to=2020-01-01T00:00:00Z"),
			await ask("usage?action=another"),
		];

		expect(pages.map(({ body }) => body.items.length)).toEqual([2, 1, 0, 0]);
	});

	it("lies as it was told to, until a reset", async () => {
		const [hidden, dear] = [await render(), await render()];
		const { control } = stage.simulator;
		control.setUsageLies({
			invent: [{ cost_points: 33 }],
			hide: [hidden],
			reprice: { [dear]: 99 },
			shape: "bare",
			without_task_ids: true,
		});

		const lies = await ask("usage");
		control.reset();
		const truth = await ask("usage");

		const points = lies.body.map(
			(item: { cost_points: number }) => item.cost_points,
		);
		expect(points.sort()).toEqual([33, 99]);
		expect(JSON.stringify(lies.body)).not.toContain("task_id");
		expect(truth.body).toMatchObject({ items: [], total: 0 });
	});

	it("asks for a good key", async () => {
		expect((await ask("usage", "bad-key")).status).toBe(401);
	});
});

describe("GET /api/v1/me", () => {
	it("tells the balance that is left", async () => {
		const before = await ask("me");
		await render();

		const after = await ask("me");

		expect(after.body.balance).toBe(before.body.balance - 70);
	});
});
