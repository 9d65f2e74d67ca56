import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@reelay/shared/testing/eventually";
import { type NetworkProxy, startProxy } from "@reelay/shared/testing/proxy";
import { startTestRedis, type TestRedis } from "@reelay/shared/testing/redis";
import { runRedis } from "@reelay/shared/testing/redis-command";
import { expect } from "vitest";
import { type OutsideBell, openOutsideBell } from "./outside-bell.ts";
import { type FaultStage, openFaultStage } from "./stage.ts";

export type RedisScene = {
	stage: FaultStage;
	redis: TestRedis;
	/** The stage's way to Redis. */
	proxy: NetworkProxy;
	bell: OutsideBell;
	/** Kills Redis as a power cut would. */
	killRedis(): void;
	/** Starts an empty one, or one with these settings, in its place. */
	restartRedis(settings?: string[]): Promise<void>;
};

/** A stage whose Redis is the test's to break, directly or on the way; skips where there is none. */
export async function withRedis(
	play: (scene: RedisScene) => Promise<void>,
	{ startsWithout = false, env = {} as Record<string, string> } = {},
): Promise<void> {
	const first = await startTestRedis();
	if (first === null || first.pid === null) return;
	let redis = first;
	const proxy = await startProxy(redis.url);
	if (startsWithout) await redis.stop();
	const stage = await openFaultStage("redis", {
		env: { REDIS_URL: proxy.url, ...env },
	});
	const bell = openOutsideBell({ redisUrl: first.url, databaseUrl: "" });
	try {
		if (stage === null) return;
		await play({
			stage,
			redis,
			proxy,
			bell,
			killRedis: () => void process.kill(redis.pid ?? 0, "SIGKILL"),
			async restartRedis(settings = []) {
				await redis.stop();
				const next = await startTestRedis({ port: first.port, settings });
				if (next !== null) redis = next;
			},
		});
	} finally {
		await stage?.close();
		await bell.close();
		await proxy.close();
		await redis.stop();
	}
}

/** CONFIG SET, as an operator would. */
export function configure(redis: TestRedis, name: string, value: string) {
	return runRedis(redis.url, "CONFIG", "SET", name, value);
}

/** How many rings the API says its engine refused. */
export async function countRingsLost(stage: FaultStage): Promise<number> {
	const response = await fetch(`${stage.apiUrl}/metrics`);
	const [, value = "0"] =
		/^reelay_rings_lost_total(?:\{[^}]*\})? (\d+)/m.exec(
			await response.text(),
		) ?? [];
	return Number(value);
}

/** Creates jobs until one's ring is taken by the engine; returns them all. */
export async function ringUntilTaken(stage: FaultStage): Promise<string[]> {
	const ids: string[] = [];
	await eventually(
		async () => {
			const before = await countRingsLost(stage);
			ids.push(await stage.createJob());
			// A ring that gets no answer is counted as lost after 2 s.
			await delay(2_500);
			expect(await countRingsLost(stage)).toBe(before);
		},
		{ timeoutMs: 30_000 },
	);
	return ids;
}
