import { systemClock } from "@reelay/shared/runtime/clock";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
	nothingForbids,
	recorded,
	setStage,
	settle,
} from "../testing/submitter-stage.ts";
import { createSubmitter } from "./submitter.ts";

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

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
				return {
					...{ submissions: [], oldestReady: null, mayBeMore: true },
					emptyBecause: "no_grant",
				};
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
