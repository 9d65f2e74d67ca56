import type { Outcome } from "@reelay/shared/domain/outcome";
import { closeGovernor } from "@reelay/shared/store/governor";
import { settleSubmission } from "@reelay/shared/store/settle";
import { findViolations } from "@reelay/shared/testing/audit";
import { aSuccess } from "@reelay/shared/testing/reports";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "@reelay/shared/testing/store";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { error, outcomes } from "../testing/outcomes.ts";
import { aClaimed, find } from "../testing/rows.ts";
import { recordOutcome } from "./record-outcome.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	await clearTestStore(store);
});
afterAll(() => store.close());

describe("recordOutcome", () => {
	it.each(outcomes)(
		"writes down %s",
		async (_name, outcome, httpStatus, expected) => {
			const submission = await aClaimed(store);

			const recorded = await recordOutcome(store.db, {
				submission,
				outcome,
				httpStatus,
				random: 0.5,
			});

			const found = await find(store, submission.id);
			expect(found).toMatchObject(expected);
			expect(recorded).toEqual({
				won: true,
				jobState: found.job_state,
				deliveries: 0,
				...(found.submission_charged === "yes"
					? { points: found.cost_points }
					: {}),
			});
		},
	);

	it.each(outcomes)(
		"changes nothing when %s comes after a callback has ended the job",
		async (_name, outcome, httpStatus) => {
			const submission = await aClaimed(store);
			await settleSubmission(store.db, aSuccess(submission.id));
			const {
				closed_reason: _,
				blocked_ms: __,
				...before
			} = await find(store, submission.id);

			const recorded = await recordOutcome(store.db, {
				submission,
				outcome,
				httpStatus,
				random: 0.5,
			});

			expect(recorded).toEqual({ won: false, jobState: null, deliveries: 0 });
			expect(await find(store, submission.id)).toMatchObject(before);
		},
	);

	it("counts an error of the provider once, however often it is written down", async () => {
		const submission = await aClaimed(store);
		const answer = {
			submission,
			outcome: { kind: "provider_error", error } as const,
			httpStatus: 500,
			random: 0.5,
		};

		for (let n = 0; n < 6; n += 1) await recordOutcome(store.db, answer);

		expect(
			await store.db
				.$queryRaw`select error_streak, closed_reason from governor`,
		).toEqual([{ error_streak: 1, closed_reason: null }]);
	});

	it.each(outcomes)(
		"changes nothing when %s is written a second time",
		async (_name, outcome, httpStatus) => {
			const submission = await aClaimed(store);
			const answer = { submission, outcome, httpStatus, random: 0.5 };
			await recordOutcome(store.db, answer);
			const {
				wait_ms: _,
				blocked_ms: __,
				...before
			} = await find(store, submission.id);

			const again = await recordOutcome(store.db, answer);

			expect(again.won).toBe(false);
			expect(await find(store, submission.id)).toMatchObject(before);
		},
	);

	it("waits for as long as a 429 asks, and for the provider's window when it does not say", async () => {
		const told = await aClaimed(store);
		const untold = await aClaimed(store);
		const record = (submission: typeof told, retryAfterMs: number | null) =>
			recordOutcome(store.db, {
				submission,
				outcome: { kind: "rate_limited", retryAfterMs },
				httpStatus: 429,
				random: 0.5,
			});

		await record(untold, null);
		const window = (await find(store, untold.id)).blocked_ms;
		await record(told, 60_000);
		const asked = (await find(store, told.id)).blocked_ms;

		expect(window).toBeGreaterThan(5_000);
		expect(window).toBeLessThanOrEqual(10_000);
		expect(asked).toBeGreaterThan(50_000);
		expect(asked).toBeLessThanOrEqual(60_000);
	});

	it.each([
		["unsent", { kind: "unsent", reason: "x" }],
		["provider_error", { kind: "provider_error", error }],
	] satisfies [string, Outcome][])(
		"lets a job that was %s wait before it is tried again",
		async (_name, outcome) => {
			const submission = await aClaimed(store);

			await recordOutcome(store.db, {
				submission,
				outcome,
				httpStatus: null,
				random: 1,
			});

			const { wait_ms } = await find(store, submission.id);
			expect(wait_ms).toBeGreaterThan(0);
			expect(wait_ms).toBeLessThanOrEqual(2_000);
		},
	);

	it("fails a job whose budget the provider's errors have used up, and tells its webhook", async () => {
		const submission = await aClaimed(store, {
			maxSubmissions: 1,
			webhookUrl: "https://hooks.example.com/",
		});

		const recorded = await recordOutcome(store.db, {
			submission,
			outcome: { kind: "provider_error", error },
			httpStatus: 500,
			random: 0,
		});

		expect(recorded).toEqual({ won: true, jobState: "failed", deliveries: 1 });
		expect(await find(store, submission.id)).toMatchObject({
			job_state: "failed",
			submission_state: "rejected",
			charged: "no",
			error: { code: "provider_error", provider: error },
			events: ["video.failed"],
		});
	});

	it("ends a job whose cancel was asked for meanwhile, instead of sending it again", async () => {
		const submission = await aClaimed(store);
		await store.db
			.$executeRaw`update job set cancel_requested_at = now() where id = ${submission.job_id}`;

		await recordOutcome(store.db, {
			submission,
			outcome: { kind: "unsent", reason: "x" },
			httpStatus: null,
			random: 0,
		});

		expect(await find(store, submission.id)).toMatchObject({
			job_state: "cancelled",
			charged: "no",
			events: ["video.cancelled"],
		});
	});
});

// What tells nothing good about the provider.
const leavesClosed = /closed|rate|unsent|unknown|provider_error/;

describe("a probe", () => {
	it.each(outcomes.filter(([name]) => !leavesClosed.test(name)))(
		"that ends as %s opens the provider again",
		async (_name, outcome, httpStatus) => {
			const submission = await aProbe();

			await recordOutcome(store.db, {
				submission,
				outcome,
				httpStatus,
				random: 0,
			});

			expect(submission.is_probe).toBe(true);
			expect((await find(store, submission.id)).closed_reason).toBeNull();
		},
	);

	it.each(outcomes.filter(([name]) => leavesClosed.test(name)))(
		"that ends as %s leaves it closed, with a next probe",
		async (_name, outcome, httpStatus) => {
			const submission = await aProbe();

			await recordOutcome(store.db, {
				submission,
				outcome,
				httpStatus,
				random: 0,
			});

			const found = await find(store, submission.id);
			expect(found.closed_reason).not.toBeNull();
			expect(found.blocked_ms).toBeGreaterThan(0);
		},
	);

	async function aProbe() {
		await closeGovernor(store.db, { reason: "funds", detail: "no", probeS: 0 });
		return aClaimed(store);
	}
});
