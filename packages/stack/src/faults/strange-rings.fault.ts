import { startTestRedis } from "@reelay/shared/testing/redis";
import { describe, expect, it } from "vitest";
import { bells } from "../journeys/stage.ts";
import { openOutsideBell } from "./outside-bell.ts";
import { reportFault } from "./report.ts";
import { createJobs, expectAllSucceeded, openFaultStage } from "./stage.ts";

describe.each(bells)("strange rings, rung by %s", (engine) => {
	it("48: ignores doubled rings, rings for nobody and messages that are none", async () => {
		const redis = engine === "redis" ? await startTestRedis() : null;
		if (engine === "redis" && redis === null) return;
		const stage = await openFaultStage(
			engine,
			redis === null ? {} : { env: { REDIS_URL: redis.url } },
		);
		if (stage === null) return;
		const bell = openOutsideBell({
			redisUrl: redis?.url ?? null,
			databaseUrl: stage.stack.databaseUrl,
		});
		try {
			const pid = stage.stack.processes.get("worker")?.pid;
			const id = await stage.createJob();
			const ring = (n: number) => ({ v: 1, kind: "submit", id: `job_${n}` });
			const times = <Value>(count: number, make: (n: number) => Value) =>
				Array.from({ length: count }, (_, n) => make(n));
			const sentAt = Date.now();
			await bell.send(times(1_000, () => ({ v: 1, kind: "submit", id })));
			await bell.send(times(200, () => ({ v: 1, kind: "deliver", id })));
			await bell.send(times(200, ring));
			await bell.send([
				{ v: 99, kind: "submit", id },
				{ v: 1, kind: "pay", id },
				{ v: 1, kind: "submit", id: 7 },
				{},
				[],
				"ring",
				null,
			]);
			await bell.drained();
			const recoveryMs = Date.now() - sentAt;

			await expectAllSucceeded(stage, [id]);
			const { totals } = await stage.simulator("/ledger");
			expect(totals.posts).toBe(1);
			expect(stage.stack.processes.get("worker")?.pid).toBe(pid);
			await expectAllSucceeded(stage, await createJobs(stage, 2));
			reportFault({
				row: 48,
				fault: "1,000 rings for one job, 200 for nobody, 7 that are none",
				bell: engine,
				invariants: "I1 I2 I4 I5 I10",
				recoveryMs,
			});
		} finally {
			await bell.close();
			await stage.close();
			await redis?.stop();
		}
	});
});
