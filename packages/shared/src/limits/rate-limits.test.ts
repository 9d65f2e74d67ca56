import { afterEach, describe, expect, it } from "vitest";
import { openRedis } from "../queue/redis.ts";
import { eventually } from "../testing/eventually.ts";
import { startTestRedis, type TestRedis } from "../testing/redis.ts";
import { openRateLimits } from "./rate-limits.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
	for (const clean of cleanups.splice(0).reverse()) await clean();
});

// Only a server of our own can be killed.
const found = await startTestRedis();
await found?.stop();

async function aRedis(port = 0): Promise<TestRedis & { pid: number }> {
	const started = await startTestRedis({ port });
	if (started?.pid == null) throw new Error("there is no Redis of our own");
	cleanups.push(started.stop);
	return { ...started, pid: started.pid };
}

// A busy machine may answer late; who tests that a late answer is not waited for says how late.
const patient = 10_000;

/** One process: it counts by itself, or in the Redis that it is given. */
async function aProcess(redisUrl: string | null, count = 3, askMs = patient) {
	const told: string[] = [];
	const clock = { time: 0, now: () => clock.time };
	const limits = await openRateLimits({
		redisUrl,
		writes: { count, windowS: 3_600 },
		reads: { count: count + 1, windowS: 3_600 },
		onAway: () => told.push("away"),
		onBack: () => told.push("back"),
		askMs,
		clock,
	});
	cleanups.push(limits.close);
	const { writes, reads } = limits;
	if (writes === null || reads === null) throw new Error("there is no limit");
	const take = async (key = "a") => (await writes.take(key)).isAllowed;
	return { writes, reads, take, told, clock };
}

async function times<T>(count: number, run: () => Promise<T>): Promise<T[]> {
	const all: T[] = [];
	for (let n = 0; n < count; n += 1) all.push(await run());
	return all;
}

describe("without Redis", () => {
	it("lets so many pass, says what remains, and counts each key, and reads, for themselves", async () => {
		const { writes, reads } = await aProcess(null);

		const taken = await times(4, () => writes.take("a"));

		expect(taken.map(({ isAllowed }) => isAllowed)).toEqual([
			...[true, true, true, false],
		]);
		expect(taken.map(({ remaining }) => remaining)).toEqual([2, 1, 0, 0]);
		for (const { resetMs } of taken) {
			expect(resetMs).toBeGreaterThan(3_500_000);
			expect(resetMs).toBeLessThanOrEqual(3_600_000);
		}
		expect(await writes.take("b")).toMatchObject({ remaining: 2 });
		expect(await reads.take("a")).toMatchObject({ remaining: 3 });
	});

	it("has no limit where it is off", async () => {
		const limits = await openRateLimits({
			redisUrl: null,
			writes: null,
			reads: null,
			onAway: () => {},
			onBack: () => {},
		});

		expect([limits.writes, limits.reads]).toEqual([null, null]);
	});
});

describe.skipIf(found?.pid == null)("with Redis", () => {
	it("is one limit for two processes, however their requests fall together", async () => {
		const { url } = await aRedis();
		const [one, other] = [await aProcess(url, 20), await aProcess(url, 20)];

		const taken = await Promise.all(
			Array.from({ length: 60 }, (_, n) => (n % 2 ? one : other).take()),
		);

		expect(taken.filter(Boolean)).toHaveLength(20);
		expect([...one.told, ...other.told]).toEqual([]);
	});

	it("counts those who come at once in one command, and gives each its own place", async () => {
		const { url } = await aRedis();
		const { writes } = await aProcess(url, 3);
		const redis = openRedis(url, {});
		cleanups.push(() => redis.disconnect());
		const scripts = async () =>
			/cmdstat_eval(?:sha)?:calls=(\d+)/.exec(await redis.info("commandstats"));

		const taken = await Promise.all(
			Array.from({ length: 5 }, () => writes.take("a")),
		);

		expect(
			taken.map(({ isAllowed, remaining }) => [isAllowed, remaining]),
		).toEqual([
			[true, 2],
			[true, 1],
			[true, 0],
			[false, 0],
			[false, 0],
		]);
		expect((await scripts())?.[1]).toBe("1");
	});

	it("asks Redis no more about who is beyond the limit", async () => {
		const { url, pid } = await aRedis();
		const { take, told } = await aProcess(url, 1);
		await times(2, take);

		process.kill(pid, "SIGSTOP");
		const beyond = await times(3, take);
		process.kill(pid, "SIGCONT");

		expect(beyond).toEqual([false, false, false]);
		expect(told).toEqual([]);
	});

	it("goes on by itself when Redis is killed in the middle, and shares again when it is back", async () => {
		const first = await aRedis();
		const { take, told, clock } = await aProcess(first.url);
		await times(3, take);

		process.kill(first.pid, "SIGKILL");
		const alone = await eventually(async () => {
			const allowed = await take("b");
			expect(told).toEqual(["away"]);
			return allowed;
		});
		const goesOn = await times(2, () => take("c"));
		await first.stop();
		await aRedis(first.port);
		await eventually(async () => {
			clock.time += 1_000;
			await take("d");
			expect(told).toEqual(["away", "back"]);
		});

		expect([alone, ...goesOn]).toEqual([true, true, true]);
		// Redis came back empty, and counts from the beginning.
		const other = await aProcess(first.url);
		expect(await other.take("e")).toBe(true);
		expect(await other.writes.take("e")).toMatchObject({ remaining: 1 });
		clock.time += 1_000;
		expect(await take("e")).toBe(true);
		expect(await take("e")).toBe(false);
	});

	// Below the time after which a silent connection is given up, which would end the wait as well.
	it("lets nobody wait for a Redis that hangs, but one a second, and that one not for long", {
		timeout: 10_000,
	}, async () => {
		const { url, pid } = await aRedis();
		const { take, told, clock } = await aProcess(url, 1_000, 50);

		process.kill(pid, "SIGSTOP");
		const hung = await take();
		const others = await times(100, take);
		clock.time += 1_000;
		const next = await Promise.all(Array.from({ length: 10 }, () => take()));
		process.kill(pid, "SIGCONT");

		expect([hung, ...others, ...next].every(Boolean)).toBe(true);
		expect(told).toEqual(["away"]);
		// What was asked of it while it hung is counted now: the first, and the one that asked again.
		const other = await aProcess(url, 1_000);
		expect(await other.writes.take("a")).toMatchObject({ remaining: 997 });
	});

	it("starts without a Redis that is not there, and finds it when it comes", async () => {
		const gone = await aRedis();
		await gone.stop();
		const { take, told, clock } = await aProcess(gone.url);

		const first = await take();
		await aRedis(gone.port);

		expect(first).toBe(true);
		await eventually(async () => {
			clock.time += 1_000;
			await take("b");
			expect(told).toEqual(["away", "back"]);
		});
	});
});
