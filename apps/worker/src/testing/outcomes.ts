import type { Outcome } from "@reelay/shared/domain/outcome";
import { anOutput } from "@reelay/shared/testing/reports";
import type { Found } from "./rows.ts";

export const error = { code: "E7", message: "It says no.", status: 400 };
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
/** Every word for the end of a POST, with what it must leave behind. */
export const outcomes: Row[] = [
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
