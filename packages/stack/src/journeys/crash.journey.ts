import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inputs } from "./inputs.ts";
import { bells, openStage, type Stage } from "./stage.ts";

describe.each(bells)("when a process dies, rung by %s", (bell) => {
	let stage: Stage | null = null;
	beforeAll(async () => {
		stage = await openStage(bell, { SIMULATOR_RENDER_MS: "3000" });
	});
	afterAll(async () => stage?.close());

	async function create(stage: Stage): Promise<string> {
		const { body } = await stage.api("/v1/jobs", {
			body: { input: inputs.text, webhook_url: stage.receiver.url },
		});
		return body.id;
	}

	it("ends a job by its callback when the worker is killed while it waits", async (test) => {
		if (stage === null) return test.skip();
		const { api, receiver, simulator, stack } = stage;
		await simulator("/reset", {});
		const id = await create(stage);
		await eventually(async () => {
			expect((await simulator("/ledger")).posts).toHaveLength(1);
		});

		await stack.processes.get("worker")?.kill("SIGKILL");
		await eventually(async () => {
			expect((await api(`/v1/jobs/${id}`)).body.state).toBe("succeeded");
		});
		await stack.launch("worker");
		await eventually(async () => {
			expect(
				receiver.received.filter(({ body }) => body.data.id === id),
			).toHaveLength(1);
		});

		const { totals } = await simulator("/ledger");
		expect(totals).toMatchObject({ posts: 1, charged_posts: 1 });
	});

	it("loses no job that was accepted while no worker ran", async (test) => {
		if (stage === null) return test.skip();
		const { api, stack } = stage;
		await stack.processes.get("worker")?.kill("SIGKILL");
		const ids = await Promise.all(
			Array.from({ length: 5 }, () => stage && create(stage)),
		);

		await stack.launch("worker");

		for (const id of ids) {
			await eventually(
				async () => {
					expect((await api(`/v1/jobs/${id}`)).body.state).toBe("succeeded");
				},
				{ timeoutMs: 30_000 },
			);
		}
	});

	it("is given the callback again when the receiver was away", async (test) => {
		if (stage === null) return test.skip();
		const { api, simulator, stack } = stage;
		// The POST is answered at once, so that the callback alone can end the job.
		await simulator("/scripts", {
			times: 1,
			behaviour: {
				answer: "immediate",
				callback: { max_attempts: 20, retry_delay_ms: 500 },
			},
		});
		const id = await create(stage);
		await eventually(async () => {
			expect((await api(`/v1/jobs/${id}`)).body.state).toBe("rendering");
		});

		await stack.processes.get("webhook")?.kill("SIGKILL");
		await stack.launch("webhook");

		await eventually(
			async () => {
				expect((await api(`/v1/jobs/${id}`)).body.state).toBe("succeeded");
			},
			{ timeoutMs: 30_000 },
		);
	});
});
