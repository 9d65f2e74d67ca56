import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@reelay/shared/testing/eventually";
import { runRedis } from "@reelay/shared/testing/redis-command";
import { describe, expect, it } from "vitest";
import {
	backlog,
	countRings,
	expectAllHinted,
	markAllHinted,
	queueBacklog,
} from "./backlog.ts";
import { lasting, outlast } from "./length.ts";
import {
	configure,
	countRingsLost,
	ringUntilTaken,
	withRedis,
} from "./redis-scene.ts";
import { reportFault } from "./report.ts";
import { createJobs, expectAllSucceeded } from "./stage.ts";

describe("Redis is emptied", () => {
	it("13: rings again for 10,000 queued jobs after a flush", async () => {
		await withRedis(async ({ stage, redis, bell }) => {
			await queueBacklog(stage);
			await bell.drained();
			const now = await markAllHinted(stage);

			await runRedis(redis.url, "FLUSHALL");
			const flushedAt = Date.now();
			await eventually(
				async () => {
					await expectAllHinted(stage, now);
					expect(await countRings(redis)).toBeGreaterThanOrEqual(backlog);
				},
				// Less than the minute after which every job is rung for again anyway.
				{ timeoutMs: 40_000, everyMs: 200 },
			);

			const recoveryMs = Date.now() - flushedAt;
			await stage.audit([]);
			reportFault({
				row: 13,
				fault: `FLUSHALL with ${backlog} queued jobs`,
				bell: "redis",
				invariants: "I1 I9 I10",
				recoveryMs,
			});
		});
	});

	it("13: ends every job while Redis is flushed every two seconds", async () => {
		await withRedis(async ({ stage, redis, bell }) => {
			const ids: string[] = [];
			for (let flush = 0; flush < 5; flush += 1) {
				ids.push(...(await createJobs(stage, 8)));
				await runRedis(redis.url, "FLUSHALL");
				await delay(2_000);
			}
			const recoveryMs = await bell.heardAgain();
			await expectAllSucceeded(stage, ids);
			reportFault({
				row: 13,
				fault: "FLUSHALL every 2 s under load",
				bell: "redis",
				invariants: "I1 I2 I4 I5",
				recoveryMs,
			});
		});
	});

	it("19: ends every job after a failover to an empty and to a stale replica", async () => {
		await withRedis(async (scene) => {
			const { stage, bell, redis, killRedis, restartRedis } = scene;
			const folder = mkdtempSync(join(tmpdir(), "reelay-replica-"));
			const ids = await createJobs(stage, 10);
			await runRedis(redis.url, "SAVE");
			const [, home = ""] = (await runRedis(
				redis.url,
				"CONFIG",
				"GET",
				"dir",
			)) as string[];
			copyFileSync(join(home, "dump.rdb"), join(folder, "dump.rdb"));
			ids.push(...(await createJobs(stage, 10)));

			killRedis();
			await restartRedis([`--dir ${folder}`]);
			ids.push(...(await createJobs(stage, 5)));
			const staleMs = await bell.heardAgain();
			killRedis();
			await restartRedis();
			ids.push(...(await createJobs(stage, 5)));
			const emptyMs = await bell.heardAgain();

			await expectAllSucceeded(stage, ids);
			rmSync(folder, { recursive: true, force: true });
			reportFault({
				row: 19,
				fault: "Redis fails over to a stale and to an empty replica",
				bell: "redis",
				invariants: "I1 I2 I4 I5",
				recoveryMs: Math.max(staleMs, emptyMs),
			});
		});
	});
});

describe("Redis is away", () => {
	it("14: accepts and ends jobs while Redis is away, and hears the bell within 10 s of its return", async () => {
		await withRedis(async ({ stage, bell, killRedis, restartRedis }) => {
			const awayMs = lasting(120_000, 20_000);
			const ids = await createJobs(stage, 3);
			killRedis();
			const killedAt = Date.now();
			ids.push(...(await createJobs(stage, 10)));
			await expectAllSucceeded(stage, ids);
			// Its length is the fault: BullMQ once never came back from more than six seconds.
			await outlast(killedAt, awayMs);

			await restartRedis();
			const recoveryMs = await bell.heardAgain(10_000);

			const later = await createJobs(stage, 3);
			await expectAllSucceeded(stage, later);
			reportFault({
				row: 14,
				fault: `Redis killed, away for ${awayMs / 1000} s, back empty`,
				bell: "redis",
				invariants: "I1 I2 I4 I5 I10",
				recoveryMs,
			});
		});
	});

	it("15: starts, accepts and ends jobs when Redis is away at the start", async () => {
		await withRedis(
			async ({ stage, bell, restartRedis }) => {
				await expectAllSucceeded(stage, await createJobs(stage, 5));

				await restartRedis();
				const recoveryMs = await bell.heardAgain(10_000);

				await expectAllSucceeded(stage, await createJobs(stage, 3));
				reportFault({
					row: 15,
					fault: "Redis is away when the API and the worker start",
					bell: "redis",
					invariants: "I1 I2 I4 I5",
					recoveryMs,
				});
			},
			{ startsWithout: true },
		);
	});
});

describe("Redis is hard to reach", () => {
	it("16: never waits for a half-open Redis, and pays once for what was being heard", async () => {
		await withRedis(async ({ stage, proxy, bell }) => {
			const ids = await createJobs(stage, 3);
			proxy.stall();
			const stalledAt = Date.now();
			// A ring that is awaited gives up after 2 s: thirty of them would take a minute.
			ids.push(...(await createJobs(stage, 30)));
			expect(Date.now() - stalledAt).toBeLessThan(45_000);
			await expectAllSucceeded(stage, ids);
			// Longer than BullMQ's lock of 30 s, so that what was being heard counts as stalled.
			await outlast(stalledAt, 60_000);

			// Nobody tells the processes that their connections are dead: they have to find out.
			proxy.strand();
			proxy.restore();
			const recoveryMs = await bell.heardAgain(30_000);
			ids.push(...(await ringUntilTaken(stage)));

			ids.push(...(await createJobs(stage, 3)));
			await expectAllSucceeded(stage, ids);
			reportFault({
				row: 16,
				fault: "Redis half-open for 60 s",
				bell: "redis",
				invariants: "I1 I2 I4 I5",
				recoveryMs,
			});
		});
	});

	it("17: accepts and ends jobs over a Redis with 200 ms of latency and 1 kB/s", async () => {
		await withRedis(async ({ stage, proxy, bell }) => {
			proxy.shape({ latencyMs: 200, bytesPerSecond: 1_000 });
			const ids = await createJobs(stage, 30);
			await expectAllSucceeded(stage, ids);

			proxy.shape({ latencyMs: 0, bytesPerSecond: null });
			proxy.reset();
			const recoveryMs = await bell.heardAgain(15_000);

			await expectAllSucceeded(stage, await createJobs(stage, 3));
			reportFault({
				row: 17,
				fault: "Redis with 200 ms of latency and 1 kB/s",
				bell: "redis",
				invariants: "I1 I2 I4 I5",
				recoveryMs,
			});
		});
	});
});

describe("Redis is misconfigured", () => {
	it("18: counts the rings that a full Redis refuses, ends the jobs, and names a policy that evicts", async () => {
		await withRedis(async ({ stage, redis, bell }) => {
			await configure(redis, "maxmemory", "1");
			const ids = await createJobs(stage, 10);
			await expectAllSucceeded(stage, ids);
			expect(await countRingsLost(stage)).toBeGreaterThan(0);

			await configure(redis, "maxmemory", "0");
			const recoveryMs = await bell.heardAgain(10_000);
			await configure(redis, "maxmemory-policy", "allkeys-lru");
			await runRedis(redis.url, "CLIENT", "KILL", "TYPE", "normal");
			await eventually(() => {
				const lines = stage.stack.processes.get("worker")?.lastLines() ?? [];
				expect(lines.join("\n")).toMatch(
					/bell\.misconfigured|maxmemory-policy is allkeys-lru/,
				);
			});

			await expectAllSucceeded(stage, await createJobs(stage, 3));
			reportFault({
				row: 18,
				fault: "Redis out of memory, and one that evicts",
				bell: "redis",
				invariants: "I1 I2 I4 I5",
				recoveryMs,
			});
		});
	});
});
