import { systemClock } from "@reelay/shared/runtime/clock";
import type { Claim, ClaimedSubmission } from "@reelay/shared/store/claim";
import type { GovernorStatus } from "@reelay/shared/store/governor";
import { createMemoryLog } from "@reelay/shared/testing/log";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Recorded } from "./record-outcome.ts";
import { createSubmitter, type SubmitterDeps } from "./submitter.ts";

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

const aSubmission = (n: number) => ({ id: `sub_${n}`, n }) as ClaimedSubmission;
const recorded: Recorded = { won: true, jobState: "rendering", deliveries: 0 };
const nothingForbids: GovernorStatus = {
	closed_reason: null,
	closed_detail: null,
	blocked_ms: 0,
	grant_in_ms: 0,
	free_slots: 10,
	slots: 10,
};
const oldestReady = new Date("2026-01-02T03:04:05Z");
/** Lets every promise that can settle do so. */
const settle = () => vi.advanceTimersByTimeAsync(0);

/** A submitter over a queue of so many jobs, whose submissions end when the test says so. */
function setStage(jobs: number, overrides: Partial<SubmitterDeps> = {}) {
	const log = createMemoryLog();
	const open = new Map<string, (end: Recorded | Error) => void>();
	const stage = {
		jobs,
		log,
		open,
		claims: 0,
		bounds: [] as (Date | null)[],
		counts: [] as number[],
		most: 0,
		claimTakesMs: 0,
		status: { ...nothingForbids },
		emptyBecause: "no_job" as NonNullable<Claim["emptyBecause"]>,
		ended: [] as Recorded[],
		givenUp: [] as string[],
		end(id: string, end: Recorded | Error = recorded) {
			open.get(id)?.(end);
			open.delete(id);
		},
	};
	const submitter = createSubmitter({
		async claim(count, since) {
			stage.claims += 1;
			stage.bounds.push(since);
			stage.counts.push(count);
			if (stage.claimTakesMs > 0) {
				await new Promise((resolve) => setTimeout(resolve, stage.claimTakesMs));
			}
			const submissions = [];
			for (; stage.jobs > 0 && submissions.length < count; stage.jobs -= 1) {
				submissions.push(aSubmission(jobs - stage.jobs + 1));
			}
			const emptyBecause = submissions.length > 0 ? null : stage.emptyBecause;
			return { submissions, oldestReady, emptyBecause };
		},
		governorStatus: async () => stage.status,
		submit: ({ id }) =>
			new Promise((resolve, reject) => {
				open.set(id, (end) =>
					end instanceof Error ? reject(end) : resolve(end),
				);
				stage.most = Math.max(stage.most, open.size);
			}),
		giveUp: async ({ id }) => stage.givenUp.push(id),
		onRecorded: (one) => void stage.ended.push(one),
		clock: systemClock,
		logger: log.logger,
		maxInFlight: 3,
		...overrides,
	});
	return Object.assign(stage, { submitter });
}

describe("wake", () => {
	it("starts as many submissions as fit, and the next when one has ended", async () => {
		const stage = setStage(5);

		stage.submitter.wake();
		await settle();
		const first = [...stage.open.keys()];
		stage.end("sub_2");
		await settle();

		expect(first).toEqual(["sub_1", "sub_2", "sub_3"]);
		expect([...stage.open.keys()]).toEqual(["sub_1", "sub_3", "sub_4"]);
		expect(stage.ended).toEqual([recorded]);
	});

	it("never has more under way than fit, however often it is called", async () => {
		const stage = setStage(50);

		for (let n = 1; n <= 50; n += 1) {
			for (let wakes = 0; wakes < 5; wakes += 1) stage.submitter.wake();
			await settle();
			stage.end(`sub_${n}`);
		}
		await settle();

		expect(stage.most).toBe(3);
		expect(stage.ended).toHaveLength(50);
		expect(stage.submitter.inFlight()).toBe(0);
	});

	it("asks once more, and only once, for a hundred calls while it claims", async () => {
		const stage = setStage(0);

		for (let wakes = 0; wakes < 100; wakes += 1) stage.submitter.wake();
		await settle();

		expect(stage.claims).toBe(2);
	});

	it("hears a call that comes while the claim before it comes back empty", async () => {
		const stage = setStage(0);
		stage.submitter.wake();
		stage.jobs = 1;

		stage.submitter.wake();
		await settle();

		expect(stage.open.size).toBe(1);
	});
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

		expect(stage.bounds).toEqual([null, oldestReady, oldestReady, null]);
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

describe("held", () => {
	it("names what is waited for, and no longer what has ended, however it ended", async () => {
		const stage = setStage(3);
		stage.submitter.wake();
		await settle();
		const before = stage.submitter.held();

		stage.end("sub_1");
		stage.end("sub_2", new Error("could not be written"));
		await settle();

		expect(before).toEqual(["sub_1", "sub_2", "sub_3"]);
		expect(stage.submitter.held()).toEqual(["sub_3"]);
	});
});

describe("an error", () => {
	it("of the claim is logged, and the claim is tried again", async () => {
		let isAway = true;
		const stage = setStage(1);
		const submitter = createSubmitter({
			claim: async () => {
				if (isAway) throw new Error("away");
				return { submissions: [], oldestReady: null, emptyBecause: "no_grant" };
			},
			governorStatus: async () => {
				stage.claims += 1;
				return null;
			},
			submit: async () => recorded,
			giveUp: async () => {},
			onRecorded: () => {},
			clock: systemClock,
			logger: stage.log.logger,
			maxInFlight: 1,
		});

		submitter.wake();
		await settle();
		isAway = false;
		await vi.advanceTimersByTimeAsync(1_001);

		expect(stage.log.lines("claim.failed")).toHaveLength(1);
		expect(stage.claims).toBe(1);
	});

	it("of a submission is logged, and frees its place", async () => {
		const stage = setStage(4);
		stage.submitter.wake();
		await settle();

		stage.end("sub_1", new Error("could not be written"));
		await settle();

		expect(stage.log.lines("submission.recordFailed")).toMatchObject([
			{ submission_id: "sub_1" },
		]);
		expect([...stage.open.keys()]).toEqual(["sub_2", "sub_3", "sub_4"]);
	});
});

describe("stop", () => {
	it("waits for the answers that come within the grace, and claims nothing more", async () => {
		const stage = setStage(10);
		stage.submitter.wake();
		await settle();
		const claims = stage.claims;

		const stopped = stage.submitter.stop(5_000);
		stage.submitter.wake();
		await vi.advanceTimersByTimeAsync(4_000);
		for (const id of [...stage.open.keys()]) stage.end(id);
		await stopped;

		expect(stage.ended).toHaveLength(3);
		expect(stage.givenUp).toEqual([]);
		expect(stage.claims).toBe(claims);
	});

	it("leaves what is open after the grace to unknown, and that alone", async () => {
		const stage = setStage(3);
		stage.submitter.wake();
		await settle();

		const stopped = stage.submitter.stop(5_000);
		await vi.advanceTimersByTimeAsync(1_000);
		stage.end("sub_2");
		await vi.advanceTimersByTimeAsync(3_999);
		const before = [...stage.givenUp];
		await vi.advanceTimersByTimeAsync(1);
		await stopped;

		expect(before).toEqual([]);
		expect(stage.givenUp).toEqual(["sub_1", "sub_3"]);
	});

	it("ends at once when nothing is under way, and starts no timer again", async () => {
		const stage = setStage(0);
		stage.emptyBecause = "no_grant";
		stage.status = { ...nothingForbids, grant_in_ms: 500 };
		stage.submitter.wake();
		await settle();

		await stage.submitter.stop(5_000);
		await vi.advanceTimersByTimeAsync(60_000);

		expect(stage.claims).toBe(1);
		expect(vi.getTimerCount()).toBe(0);
	});

	it("ends although the last word on a submission cannot be written", async () => {
		const stage = setStage(1, {
			giveUp: () => Promise.reject(new Error("away")),
		});
		stage.submitter.wake();
		await settle();

		const stopped = stage.submitter.stop(10);
		await vi.advanceTimersByTimeAsync(10);

		await expect(stopped).resolves.toBeUndefined();
	});
});
