import { eventually } from "@reelay/shared/testing/eventually";
import {
	afterAll,
	beforeAll,
	beforeEach,
	describe,
	expect,
	inject,
	it,
} from "vitest";
import { type GovernorScene, openGovernorScene } from "./governor-scene.ts";
import { lasting, outlast } from "./length.ts";
import { providerBell as bell } from "./provider-stage.ts";
import { reportFault } from "./report.ts";

describe("the breaker", () => {
	let stage: GovernorScene;
	beforeAll(async () => {
		stage = await openGovernorScene();
	});
	beforeEach(() => stage.reset());
	afterAll(() => stage?.close());

	it("32: opens the breaker in a storm of 500s, sends one canary at a time, spends nothing, and recovers", {
		timeout: 900_000,
	}, async () => {
		const prompt = "in a storm.";
		// One at a time, so that the number of POSTs until the breaker opens is exact.
		await stage.setLimits("concurrency = 1");
		await stage.simulator("/scripts", {
			match: { prompt },
			times: "always",
			behaviour: { fault: "http_500" },
		});
		const startedAt = Date.now();
		const ids = await stage.createJobs(prompt, 12);
		const isOpen = async (streak: number) => {
			expect(await stage.governor()).toMatchObject({
				closed_reason: "errors",
				error_streak: streak,
			});
			expect(await stage.postsOf(prompt)).toHaveLength(streak);
		};
		await eventually(() => isOpen(5), { timeoutMs: 30_000 });
		await stage.setLimits("concurrency = 200");
		await stage.unblock();
		await eventually(() => isOpen(6), { timeoutMs: 30_000 });
		const blocked = await stage.governor();
		await outlast(startedAt, lasting(300_000, 0));
		const storm = await stage.postsOf(prompt);

		const calmAt = Date.now();
		await stage.simulator("/reset", {});
		if (!inject("fullLength")) await stage.unblock();
		const jobs = await stage.settle(ids, lasting(400_000, 60_000));

		expect(blocked.probe_at - blocked.now).toBeGreaterThan(10_000);
		expect(storm.filter((post) => post.charged)).toEqual([]);
		for (const job of jobs) expect(job.state).toBe("succeeded");
		expect(await stage.postsOf(prompt)).toHaveLength(12);
		expect(await stage.governor()).toMatchObject({
			closed_reason: null,
			error_streak: 0,
		});
		await stage.audit(ids);
		reportFault({
			row: 32,
			fault: `storm of 500s, ${Math.round((calmAt - startedAt) / 1000)} s`,
			bell,
			invariants: "I1 I2 I4 I5",
			recoveryMs: Date.now() - calmAt,
			notes: `${storm.length} POSTs in the storm, 0 charged, 0 of 12 jobs failed`,
		});
	});
});
