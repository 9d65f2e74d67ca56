import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDocument, readTable } from "../testing/documents.ts";
import { inputs } from "./inputs.ts";
import { bells, openStage, type Stage } from "./stage.ts";

const finalStates = ["succeeded", "failed", "cancelled", "expired"];

describe.each(bells)("the whole path, rung by %s", (bell) => {
	let stage: Stage | null = null;
	beforeAll(async () => {
		stage = await openStage(bell);
	});
	afterAll(async () => stage?.close());

	it("takes a job from 202 to a result and a verified webhook", async (test) => {
		if (stage === null) return test.skip();
		const { api, receiver, simulator } = stage;

		const created = await api("/v1/jobs", {
			body: { input: inputs.text, webhook_url: receiver.url },
		});
		const { id } = created.body;
		const job = await eventually(async () => {
			const { body } = await api(`/v1/jobs/${id}`);
			expect(finalStates).toContain(body.state);
			return body;
		});
		const delivered = await eventually(async () => {
			const mine = receiver.received.filter(({ body }) => body.data.id === id);
			expect(mine).toHaveLength(1);
			return mine[0];
		});

		expect(created.status).toBe(202);
		expect(job).toMatchObject({
			state: "succeeded",
			mode: "text",
			cost: { charged: "yes", points: expect.any(Number) },
			submissions: 1,
			result: { urls: [expect.stringMatching(/\.mp4$/)] },
		});
		expect(delivered).toMatchObject({
			verified: true,
			body: { type: "video.succeeded", data: job },
		});
		const timeline = await api(`/v1/jobs/${id}/events`);
		expect(
			timeline.body.data.map((entry: { type: string }) => entry.type),
		).toEqual(["accepted", "submitting", "succeeded"]);
		const ledger = await simulator(`/ledger?task_id=${job.result.task_id}`);
		expect(ledger.posts).toHaveLength(1);
		expect(ledger.posts[0].callback_url).toContain(stage.receiverUrl);
	});

	it("serves the metrics that docs/FAILURES.md explains, and no others of ours", async (test) => {
		if (stage === null) return test.skip();
		const { apiUrl, receiverUrl, workerUrl } = stage;
		const texts = await Promise.all(
			[apiUrl, receiverUrl, workerUrl].map(async (url) =>
				(await fetch(`${url}/metrics`)).text(),
			),
		);

		const served = texts.flatMap((text) =>
			[...text.matchAll(/^# TYPE (reelay_\w+) /gm)].map(([, name]) => name),
		);

		const rows = readTable(readDocument("docs/FAILURES.md"), "| metric |");
		expect([...new Set(served)].sort()).toEqual(
			rows.map(([name]) => name).sort(),
		);
		// Those that are read at the scrape have been read, and not only named.
		const worker = texts[2] ?? "";
		for (const name of [
			...["oldest_ready_seconds", "live_jobs", "in_flight", "provider_slots"],
			...["governor_closed", "governor_wait_seconds", "possible_charges"],
		]) {
			expect(worker).toMatch(
				new RegExp(`^reelay_${name}\\{.*\\} [\\d.]+$`, "m"),
			);
		}
		const charged = texts.flatMap((text) =>
			[...text.matchAll(/^reelay_charged_points_total\{.*\} (\d+)$/gm)].map(
				([, points]) => Number(points),
			),
		);
		expect(charged.reduce((sum, points) => sum + points, 0)).toBeGreaterThan(0);
	});

	it("ends 200 jobs of mixed modes with one charge, one result and one webhook each", async (test) => {
		if (stage === null) return test.skip();
		const { api, receiver, simulator } = stage;
		await simulator("/reset", {});
		const before = receiver.received.length;
		const modes = Object.values(inputs);

		const created = await Promise.all(
			Array.from({ length: 200 }, (_, index) =>
				api("/v1/jobs", {
					body: {
						input: modes[index % modes.length],
						webhook_url: receiver.url,
						external_id: `mixed-${index}`,
					},
				}),
			),
		);
		const ids = new Set(created.map(({ body }) => body.id));
		await eventually(
			async () => expect(receiver.received.length - before).toBe(200),
			{ timeoutMs: 120_000 },
		);

		expect(created.every(({ status }) => status === 202)).toBe(true);
		expect(ids.size).toBe(200);
		const events = receiver.received.slice(before);
		expect(events.every(({ verified }) => verified)).toBe(true);
		expect(new Set(events.map((event) => event.id)).size).toBe(200);
		expect(new Set(events.map(({ body }) => body.data.id))).toEqual(ids);
		expect(events.every(({ body }) => body.type === "video.succeeded")).toBe(
			true,
		);
		const tasks = new Set(
			events.map(({ body }) => body.data.result.task_id as string),
		);
		expect(tasks.size).toBe(200);
		const { totals } = await simulator("/ledger?limit=1");
		expect(totals).toMatchObject({ posts: 200, charged_posts: 200 });
		process.stdout.write(
			`200 jobs, rung by ${bell}: ${totals.posts} POSTs, ${totals.charged_posts} charged, ${tasks.size} results, ${events.length} verified webhooks\n`,
		);
	});

	it("answers a forged callback with an empty 404", async (test) => {
		if (stage === null) return test.skip();

		const forged = await fetch(
			`${stage.receiverUrl}/callbacks/see2ai/sub_01m81c4e9tdf6hx2c9g9n264pv.k1.${"A".repeat(43)}`,
			{ method: "POST", body: '{"state":"success"}' },
		);

		expect(forged.status).toBe(404);
		expect(await forged.text()).toBe("");
	});
});
