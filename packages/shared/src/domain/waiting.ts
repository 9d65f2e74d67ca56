import type { Instant } from "./job-record.ts";

/** What keeps a queued job from being submitted. */
export type WaitingFor =
	| "run_at"
	| "backoff"
	| "provider_funds"
	| "provider_credentials"
	| "provider_errors"
	| "provider_rate_limit"
	| "free_slot"
	| null;

type Governor = {
	closed_reason: "funds" | "credentials" | "errors" | null;
	blocked_ms: number;
	grant_in_ms: number;
	free_slots: number;
};

/** Names the first thing that holds a queued job back, from what the governor says at this moment; null when none does. */
export function decideWaitingFor(
	job: { not_before: Instant; submitted_at: Instant | null },
	governor: Governor | null,
	now: Date,
): WaitingFor {
	if (new Date(job.not_before) > now) {
		return job.submitted_at === null ? "run_at" : "backoff";
	}
	if (governor === null) return null;
	if (governor.closed_reason !== null) {
		return `provider_${governor.closed_reason}`;
	}
	if (governor.blocked_ms > 0 || governor.grant_in_ms > 0) {
		return "provider_rate_limit";
	}
	return governor.free_slots === 0 ? "free_slot" : null;
}
