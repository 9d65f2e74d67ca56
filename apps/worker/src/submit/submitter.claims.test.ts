import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
	nothingForbids,
	oldestReady,
	recorded,
	setStage,
	settle,
} from "../testing/submitter-stage.ts";

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

describe("a claim", () => {
	it("takes one job at first, then twice as many as before, up to eight, and no more than fit", async () => {
		const stage = setStage(30, { maxInFlight: 25 });

		stage.submitter.wake();
		await settle();
		stage.end("sub_1");
		await settle();

		expect(stage.counts).toEqual([1, 2, 4, 8, 8, 2, 1]);
	});

	it("begins where the last one without a bound saw the oldest job, for a second", async () => {
		const stage = setStage(50);
		stage.submitter.wake();
		await settle();
		stage.end("sub_1");
		await settle();

		await vi.advanceTimersByTimeAsync(1_001);
		stage.end("sub_2");
		await settle();

		expect(stage.bounds).toEqual([null, oldestReady, oldestReady, null]);
	});

	it("begins there for ten times as long as the one without a bound took", async () => {
		const stage = setStage(50);
		stage.claimTakesMs = 300;
		stage.submitter.wake();
		await vi.advanceTimersByTimeAsync(2_000);
		stage.end("sub_1");
		await vi.advanceTimersByTimeAsync(900);
		stage.end("sub_2");
		await vi.advanceTimersByTimeAsync(1_000);

		expect(stage.bounds.filter((bound) => bound === null)).toHaveLength(1);
		await vi.advanceTimersByTimeAsync(1_000);
		stage.end("sub_3");
		await vi.advanceTimersByTimeAsync(1_000);

		expect(stage.bounds.filter((bound) => bound === null)).toHaveLength(2);
	});

	it("that found nothing behind its bound is made again without one", async () => {
		const stage = setStage(3);
		stage.submitter.wake();
		await settle();
		stage.end("sub_1");
		await settle();

		stage.submitter.wake();
		await settle();

		expect(stage.bounds).toEqual([null, oldestReady, oldestReady, null]);
	});

	it("that took the last job is followed by none, also when a place becomes free", async () => {
		const stage = setStage(3);
		stage.submitter.wake();
		await settle();

		stage.end("sub_1");
		await settle();

		expect(stage.counts).toEqual([1, 2]);
	});

	it("is made for a place that becomes free while jobs are held back", async () => {
		const stage = setStage(2);
		stage.heldBack = 1;
		stage.submitter.wake();
		await settle();
		const before = stage.claims;

		stage.heldBack = 0;
		stage.jobs = 1;
		stage.end("sub_1");
		await settle();

		expect(stage.claims).toBeGreaterThan(before);
		expect(stage.submitter.inFlight()).toBe(2);
	});

	it("is made for a place that becomes free after a call that came while there was none", async () => {
		const stage = setStage(3);
		stage.submitter.wake();
		await settle();
		stage.jobs = 1;
		stage.submitter.wake();
		await settle();

		stage.end("sub_1");
		await settle();

		expect(stage.counts).toEqual([1, 2, 1]);
		expect(stage.submitter.inFlight()).toBe(3);
	});

	it("is made at once for a job that was not sent", async () => {
		const stage = setStage(1);
		stage.submitter.wake();
		await settle();

		stage.jobs = 1;
		stage.end("sub_1", { ...recorded, jobState: "queued" });
		await settle();

		expect(stage.submitter.inFlight()).toBe(1);
	});
});

describe("with nothing to claim", () => {
	it.each([
		["the rate window is full", { grant_in_ms: 700 }],
		["the provider asked us to wait", { blocked_ms: 700 }],
	])(
		"looks again by itself when %s, as soon as that ends",
		async (_why, status) => {
			const stage = setStage(0);
			stage.emptyBecause = "no_grant";
			stage.status = { ...nothingForbids, ...status };
			stage.submitter.wake();
			await settle();

			stage.jobs = 1;
			await vi.advanceTimersByTimeAsync(699);
			const before = stage.open.size;
			await vi.advanceTimersByTimeAsync(2);

			expect(before).toBe(0);
			expect(stage.open.size).toBe(1);
		},
	);

	it.each([
		["no job is ready", "no_job", 10],
		["every slot is taken, whose end rings", "no_grant", 0],
	] as const)("does not poll when %s", async (_why, emptyBecause, free) => {
		const stage = setStage(0);
		stage.emptyBecause = emptyBecause;
		stage.status = { ...nothingForbids, free_slots: free };

		stage.submitter.wake();
		await vi.advanceTimersByTimeAsync(60_000);

		expect(stage.claims).toBe(1);
	});

	it.each([
		["others hold the jobs that are next", "others"],
		["what forbade it has ended meanwhile", "no_grant"],
	] as const)(
		"looks again soon, not at once, when %s",
		async (_why, because) => {
			const stage = setStage(0);
			stage.emptyBecause = because;

			stage.submitter.wake();
			await vi.advanceTimersByTimeAsync(1_000);

			expect(stage.claims).toBeGreaterThan(1);
			expect(stage.claims).toBeLessThanOrEqual(51);
		},
	);
});
