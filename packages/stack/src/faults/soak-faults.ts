import { setTimeout as delay } from "node:timers/promises";
import { runRedis } from "@reelay/shared/testing/redis-command";
import { expect } from "vitest";
import type { AppName } from "../entries.ts";
import type { RedisScene } from "./redis-scene.ts";
import { randomFrom, seed, shuffled } from "./seed.ts";
import type { SoakScene } from "./soak-scene.ts";

/** One way to break the scene, and to mend it again before it returns. */
type Fault = {
	kind: string;
	inflict(scene: SoakScene, random: () => number): Promise<void>;
};

const apps: AppName[] = ["api", "worker", "webhook"];

const deaths: Fault[] = apps.flatMap((app) => [
	{
		kind: "kill -9",
		async inflict({ stage }: SoakScene) {
			expectAlive(stage.stack.processes.get(app)?.pid);
			await stage.stack.processes.get(app)?.kill("SIGKILL");
			await stage.stack.launch(app);
		},
	},
	{
		kind: "SIGTERM",
		async inflict({ stage }: SoakScene) {
			const running = stage.stack.processes.get(app);
			expectAlive(running?.pid);
			await running?.stop();
			expect(running?.lastLines().join("\n")).toContain("process.stopped");
			await stage.stack.launch(app);
		},
	},
]);

const postgresFaults: Fault[] = [
	...(["fast", "immediate"] as const).map((mode) => ({
		kind: "Postgres restarted",
		async inflict({ postgres }: SoakScene, random: () => number) {
			await postgres.stop(mode);
			await delay(random() * 6_000);
			await postgres.start();
		},
	})),
	{
		kind: "Postgres half-open",
		async inflict({ toPostgres }) {
			toPostgres.stall();
			// Longer than anybody waits for an answer.
			await delay(22_000);
			toPostgres.restore();
		},
	},
	{
		kind: "Postgres reset",
		async inflict({ toPostgres }) {
			toPostgres.reset();
		},
	},
	{
		kind: "Postgres slow",
		async inflict({ toPostgres }, random) {
			toPostgres.shape({ latencyMs: 30 + random() * 100 });
			await delay(8_000);
			toPostgres.shape({ latencyMs: 0 });
		},
	},
];

const redisFaults: Fault[] = [
	onRedis("FLUSHALL", async ({ redis }) => {
		await runRedis(redis.url, "FLUSHALL");
	}),
	onRedis("Redis restarted", async ({ killRedis, restartRedis }, random) => {
		killRedis();
		await delay(random() * 10_000);
		await restartRedis();
	}),
	onRedis("Redis frozen", async ({ proxy }, random) => {
		proxy.stall();
		await delay(3_000 + random() * 12_000);
		proxy.restore();
	}),
	onRedis("Redis stranded", async ({ proxy }) => {
		proxy.strand();
	}),
	onRedis("Redis slow", async ({ proxy }, random) => {
		proxy.shape({ latencyMs: random() * 200, bytesPerSecond: 5_000 });
		await delay(8_000);
		proxy.shape({ latencyMs: 0, bytesPerSecond: null });
	}),
];

function onRedis(
	kind: string,
	inflict: (redis: RedisScene, random: () => number) => Promise<void>,
): Fault {
	return {
		kind,
		async inflict({ redis }, random) {
			if (redis !== null) await inflict(redis, random);
		},
	};
}

/**
 * Breaks one thing at a time for so many seconds: everything once in an order that the seed decides, then everything
 * again. Returns how often each kind of fault was inflicted.
 */
export async function breakInTurn(
	scene: SoakScene,
	seconds: number,
): Promise<Map<string, number>> {
	const random = randomFrom(seed ^ 0x50a4);
	const endsAt = Date.now() + seconds * 1000;
	const all = [
		...deaths,
		...postgresFaults,
		...(scene.redis === null ? [] : redisFaults),
	];
	const counts = new Map<string, number>();
	let turn: Fault[] = [];
	while (Date.now() < endsAt) {
		await delay(500 + random() * 3_000);
		if (turn.length === 0) turn = shuffled(all, random);
		const { kind, inflict } = turn.pop() as Fault;
		await inflict(scene, random);
		counts.set(kind, (counts.get(kind) ?? 0) + 1);
	}
	return counts;
}

/** Nobody but the test ends a process. */
export function expectAlive(pid: number | undefined) {
	expect(() => process.kill(pid ?? -1, 0)).not.toThrow();
}
