import { createGate } from "@reelay/shared/testing/gate";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startSweeps } from "./every.ts";

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

const log = createMemoryLog();
const deps = { logger: log.logger, onPass: () => {} };

describe("startSweeps", () => {
	it("runs each sweep at its own interval, and tells what it repaired", async () => {
		const passes: string[] = [];
		const sweeps = startSweeps(
			[
				{ name: "often", everyMs: 10, pass: async () => 1 },
				{ name: "seldom", everyMs: 35, pass: async () => 2 },
			],
			{ ...deps, onPass: (name, rows) => void passes.push(`${name} ${rows}`) },
		);

		const before = log.lines("sweep.repaired").length;
		await vi.advanceTimersByTimeAsync(40);

		expect(log.lines("sweep.repaired").slice(before)).toHaveLength(5);
		expect(log.lines("sweep.repaired").at(-2)).toMatchObject({
			...{ level: "info", sweep: "seldom", rows: 2 },
		});
		expect(passes).toEqual([
			"often 1",
			"often 1",
			"often 1",
			"seldom 2",
			"often 1",
		]);
		await sweeps.stop();
	});

	it("never runs two passes of one sweep at once, however long one takes", async () => {
		const gate = createGate();
		let passes = 0;
		const sweeps = startSweeps(
			[
				{
					name: "slow",
					everyMs: 10,
					async pass() {
						passes += 1;
						await gate.wait();
						return 1;
					},
				},
			],
			deps,
		);

		await vi.advanceTimersByTimeAsync(1_000);
		const whileSlow = passes;
		gate.open();
		await vi.advanceTimersByTimeAsync(10);

		expect(whileSlow).toBe(1);
		expect(passes).toBe(2);
		await sweeps.stop();
	});

	it("rests for ten times as long as a look took that found nothing, and not when it found something", async () => {
		const passes = { finds: 0, "finds nothing": 0 };
		const slow = (name: keyof typeof passes, rows: number) => ({
			name,
			everyMs: 100,
			async pass() {
				passes[name] += 1;
				await new Promise((resolve) => setTimeout(resolve, 50));
				return rows;
			},
		});
		const sweeps = startSweeps(
			[slow("finds", 1), slow("finds nothing", 0)],
			deps,
		);

		await vi.advanceTimersByTimeAsync(1_300);

		expect(passes).toEqual({ finds: 9, "finds nothing": 3 });
		const stopped = sweeps.stop();
		await vi.advanceTimersByTimeAsync(50);
		await stopped;
	});

	it("does not let a slow sweep hold up another", async () => {
		let passes = 0;
		const gate = createGate();
		const sweeps = startSweeps(
			[
				{ name: "slow", everyMs: 10, pass: () => gate.wait().then(() => 0) },
				{ name: "quick", everyMs: 10, pass: async () => (passes += 1) },
			],
			deps,
		);

		await vi.advanceTimersByTimeAsync(100);

		expect(passes).toBe(10);
		gate.open();
		await sweeps.stop();
	});

	it("logs a pass that fails, and runs the next one in its turn", async () => {
		let passes = 0;
		const sweeps = startSweeps(
			[
				{
					name: "broken",
					everyMs: 10,
					async pass() {
						passes += 1;
						if (passes < 3) throw new Error("away");
						return 0;
					},
				},
			],
			deps,
		);

		await vi.advanceTimersByTimeAsync(30);

		expect(passes).toBe(3);
		expect(log.lines("sweep.failed")).toMatchObject([
			{ sweep: "broken" },
			{ sweep: "broken" },
		]);
		await sweeps.stop();
	});

	it("waits, when it stops, for the pass under way, and starts none after it", async () => {
		const gate = createGate();
		let passes = 0;
		let isStopped = false;
		const sweeps = startSweeps(
			[
				{
					name: "one",
					everyMs: 10,
					async pass() {
						passes += 1;
						await gate.wait();
						return 0;
					},
				},
			],
			deps,
		);
		await vi.advanceTimersByTimeAsync(10);

		const stopped = sweeps.stop().then(() => {
			isStopped = true;
		});
		await vi.advanceTimersByTimeAsync(1_000);
		const wasStoppedEarly = isStopped;
		gate.open();
		await stopped;
		await vi.advanceTimersByTimeAsync(1_000);

		expect(wasStoppedEarly).toBe(false);
		expect(passes).toBe(1);
		expect(vi.getTimerCount()).toBe(0);
	});
});
