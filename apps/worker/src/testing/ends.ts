import type { JobErrorCode } from "@reelay/shared/domain/job-record";
import type { BehaviourPatch } from "@reelay/simulator/behaviour";
import { expect } from "vitest";
import type { Found } from "./rows.ts";

const refused = {
	job_state: "failed",
	submission_state: "failed",
	charged: "no",
	holds_slot: false,
	events: ["video.failed"],
};
const queued = {
	job_state: "queued",
	submission_state: "rejected",
	charged: "no",
	holds_slot: false,
	events: [],
};
/** Back in the queue, with its budget whole. */
export const free = { ...queued, submissions: 0 };
const spent = { ...queued, submissions: 1 };
const accepted = {
	job_state: "rendering",
	submission_state: "accepted",
	charged: "possible",
	submissions: 1,
	http_status: 200,
	holds_slot: true,
};
const unknown = {
	job_state: "unknown",
	submission_state: "unknown",
	charged: "possible",
	submissions: 1,
	holds_slot: true,
};
const failedWith = (code: JobErrorCode) => ({
	...refused,
	error: expect.objectContaining({ code }),
});

/** Each row of what a POST's outcome means, played by the simulator. */
export const ends: [
	name: string,
	behaviour: BehaviourPatch,
	expected: Partial<Found>,
][] = [
	[
		"success",
		{},
		{
			job_state: "succeeded",
			submission_state: "succeeded",
			charged: "yes",
			cost_points: 70,
			http_status: 200,
			holds_slot: false,
			events: ["video.succeeded"],
		},
	],
	[
		"success under other names",
		{ state_key: "status", state_words: { success: "SUCCEEDED" } },
		{ job_state: "succeeded" },
	],
	[
		"slow_answer",
		{ fault: "slow_answer", drip: { bytes: 50, every_ms: 5 } },
		{ job_state: "succeeded" },
	],
	["running at once", { answer: "immediate", render_ms: 60_000 }, accepted],
	[
		"task_failed",
		{ fault: "task_failed" },
		{ ...failedWith("provider_failed"), http_status: 200 },
	],
	[
		"http_400",
		{ fault: "http_400" },
		{ ...failedWith("provider_refused"), http_status: 400 },
	],
	[
		"http_403",
		{ fault: "http_403" },
		{ ...failedWith("provider_refused"), http_status: 403 },
	],
	["http_404", { fault: "http_404" }, failedWith("provider_refused")],
	["http_413", { fault: "http_413" }, failedWith("provider_refused")],
	[
		"http_422",
		{ fault: "http_422" },
		{ ...failedWith("provider_refused"), http_status: 422 },
	],
	[
		"redirect_307",
		{ fault: "redirect_307" },
		{ ...failedWith("provider_refused"), http_status: 307 },
	],
	[
		"http_401_key",
		{ fault: "http_401_key" },
		{ ...free, closed_reason: "credentials" },
	],
	[
		"http_401_balance",
		{ fault: "http_401_balance" },
		{ ...free, closed_reason: "funds" },
	],
	["http_402", { fault: "http_402" }, { ...free, closed_reason: "funds" }],
	[
		"http_429",
		{ fault: "http_429", retry_after: 7 },
		{ ...free, closed_reason: null },
	],
	["http_500", { fault: "http_500" }, spent],
	["http_502", { fault: "http_502" }, spent],
	["http_503", { fault: "http_503" }, spent],
	["code_in_200", { fault: "code_in_200" }, spent],
	["html_200", { fault: "html_200" }, { ...accepted, task_id: null }],
	[
		"truncated_json",
		{ fault: "truncated_json" },
		{ ...accepted, task_id: null },
	],
	["huge_body", { fault: "huge_body" }, { ...accepted, task_id: null }],
	["no_id", { fault: "no_id" }, { ...accepted, task_id: null }],
	["no_state", { fault: "no_state" }, accepted],
	["http_504_taken", { fault: "http_504_taken" }, unknown],
	["http_504_not_taken", { fault: "http_504_not_taken" }, unknown],
	["hang", { fault: "hang" }, { ...unknown, http_status: null }],
	["reset_before_read", { fault: "reset_before_read" }, unknown],
	["reset_after_taken", { fault: "reset_after_taken" }, unknown],
	["cut_answer", { fault: "cut_answer" }, unknown],
];
