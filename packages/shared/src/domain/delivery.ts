/**
 * What a receiver's answer, or the lack of one, means for a delivery. `final` refusals cannot change by trying again.
 */
export type AttemptEnd =
	| { kind: "answered"; status: number; retryAfterMs: number | null }
	| { kind: "refused"; error: string }
	| { kind: "failed"; error: string };

/** The decision after one attempt: done, try again, or give up at once. */
export type AttemptOutcome = "delivered" | "retry" | "aborted";

/** 2xx delivers; 410 Gone and refusals of our own end the delivery at once; all else is tried again by the schedule. */
export function classifyAttempt(end: AttemptEnd): AttemptOutcome {
	if (end.kind === "refused") return "aborted";
	if (end.kind === "failed") return "retry";
	if (end.status >= 200 && end.status < 300) return "delivered";
	return end.status === 410 ? "aborted" : "retry";
}
