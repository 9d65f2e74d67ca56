import type { Outcome } from "@reelay/shared/domain/outcome";
import { closeGovernor } from "@reelay/shared/store/governor";
import { settleSubmission } from "@reelay/shared/store/settle";
import { findViolations } from "@reelay/shared/testing/audit";
import { anOutput, aSuccess } from "@reelay/shared/testing/factories";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "@reelay/shared/testing/store";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { aClaimed, type Found, find } from "../testing/rows.ts";
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

const error = { code: "E7", message: "It says no.", status: 400 };
const output = anOutput({ task_id: "task-1" });
const failedOutput = anOutput({
	task_id: "task-1",
	state: "fail",
	result_urls: [],
	cost_points: null,
});

const open = { closed_reason: null, blocked_ms: 0 };
const requeued = {
	job_state: "queued",
	submission_state: "rejected",
	charged: "no",
	submission_charged: "no",
	holds_slot: false,
	error: null,
	events: [],
	told: "requeued",
};

type Row = [
	name: string,
	outcome: Outcome,
	httpStatus: number | null,
	expected: Partial<Found>,
];
const rows: Row[] = [
	[
		"succeeded",
		{ kind: "succeeded", output },
		200,
		{
			job_state: "succeeded",
			submission_state: "succeeded",
			charged: "yes",
			submission_charged: "yes",
			cost_points: 120,
			submissions: 1,
			http_status: 200,
			task_id: "task-1",
			error: null,
			holds_slot: false,
			events: ["video.succeeded"],
			told: "succeeded",
			...open,
		},
	],
	[
		"failed",
		{ kind: "failed", output: failedOutput, error },
		200,
		{
			job_state: "failed",
			submission_state: "failed",
			charged: "no",
			submission_charged: "no",
			cost_points: null,
			error: {
				code: "provider_failed",
				message: "It says no.",
				retryable: true,
				provider: error,
			},
			holds_slot: false,
			events: ["video.failed"],
			...open,
		},
	],
	[
		"failed, with a price",
		{ kind: "failed", output: { ...failedOutput, cost_points: 7 }, error },
		200,
		{ job_state: "failed", charged: "yes", cost_points: 7 },
	],
	[
		"refused",
		{ kind: "refused", error },
		422,
		{
			job_state: "failed",
			submission_state: "failed",
			charged: "no",
			http_status: 422,
			error: {
				code: "provider_refused",
				message: "It says no.",
				retryable: false,
				provider: error,
			},
			holds_slot: false,
			events: ["video.failed"],
		},
	],
	[
		"accepted",
		{ kind: "accepted", output: { ...output, state: "running" } },
		200,
		{
			job_state: "rendering",
			submission_state: "accepted",
			charged: "possible",
			submissions: 1,
			task_id: "task-1",
			holds_slot: true,
			events: [],
			told: "rendering",
		},
	],
	[
		"accepted without a word of it",
		{ kind: "accepted", output: null },
		200,
		{ job_state: "rendering", submission_state: "accepted", task_id: null },
	],
	[
		"unknown",
		{ kind: "unknown", reason: "HTTP 504" },
		504,
		{
			job_state: "unknown",
			submission_state: "unknown",
			charged: "possible",
			submission_charged: "possible",
			submissions: 1,
			http_status: 504,
			holds_slot: true,
			events: [],
			told: "unknown",
			reason: "HTTP 504",
		},
	],
	[
		"rate_limited",
		{ kind: "rate_limited", retryAfterMs: 60_000 },
		429,
		{ ...requeued, submissions: 0, wait_ms: 0, closed_reason: null },
	],
	[
		"closed for funds",
		{ kind: "closed", reason: "funds", error },
		402,
		{ ...requeued, submissions: 0, wait_ms: 0, closed_reason: "funds" },
	],
	[
		"closed for credentials",
		{ kind: "closed", reason: "credentials", error },
		401,
		{ ...requeued, submissions: 0, closed_reason: "credentials" },
	],
	[
		"unsent",
		{ kind: "unsent", reason: "ECONNREFUSED" },
		null,
		{
			...requeued,
			submissions: 0,
			http_status: null,
			reason: "not sent: ECONNREFUSED",
			...open,
		},
	],
	[
		"provider_error",
		{ kind: "provider_error", error },
		500,
		{ ...requeued, submissions: 1, http_status: 500, ...open },
	],
];

describe("recordOutcome", () => {
	it.each(rows)(
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
			});
		},
	);

	it.each(rows)(
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

	it.each(rows)(
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

describe("a probe", () => {
	it.each(rows.filter(([name]) => !/closed|rate|unsent|unknown/.test(name)))(
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

	it.each(rows.filter(([name]) => /closed|rate|unsent|unknown/.test(name)))(
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
