/**
 * What a receiver's answer, or the lack of one, means for a delivery. `refused` cannot change by trying again.
 */
export type AttemptEnd =
	| {
			kind: "answered";
			status: number;
			retryAfterMs: number | null;
			/** The header `webhook-delivery`, by which a receiver speaks to its sender. */
			instruction: string | null;
	  }
	| { kind: "refused" }
	| { kind: "failed" };

/** The decision after one attempt: done, try again, or give up at once. */
export type AttemptOutcome = "delivered" | "retry" | "aborted";

/**
 * 2xx delivers; 410 Gone, refusals of our own, and the receiver's wish (`webhook-delivery: disable` or `abort-message`) end
 * the delivery at once; all else is tried again by the schedule.
 */
export function classifyAttempt(end: AttemptEnd): AttemptOutcome {
	if (end.kind === "refused") return "aborted";
	if (end.kind === "failed") return "retry";
	if (end.status >= 200 && end.status < 300) return "delivered";
	return end.status === 410 || readInstruction(end) !== null
		? "aborted"
		: "retry";
}

/**
 * What the end of an attempt says about the endpoint: that it works, that it fails, that it must not be sent anything more
 * (`gone` by its status, `asked` by its header), or nothing.
 */
export type EndpointVerdict = "healthy" | "failing" | "gone" | "asked" | "none";

/** Judges an endpoint by one attempt. To refuse one message says nothing about the next. */
export function judgeEndpoint(end: AttemptEnd): EndpointVerdict {
	if (end.kind !== "answered") return "failing";
	const instruction = readInstruction(end);
	if (instruction === "disable") return "asked";
	if (end.status === 410) return "gone";
	if (end.status >= 200 && end.status < 300) return "healthy";
	return instruction === "abort-message" ? "none" : "failing";
}

function readInstruction(end: {
	instruction: string | null;
}): "disable" | "abort-message" | null {
	const word = end.instruction?.trim().toLowerCase();
	return word === "disable" || word === "abort-message" ? word : null;
}
