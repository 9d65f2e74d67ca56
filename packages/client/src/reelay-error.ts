import type { Job, Problem } from "./generated/api.ts";

/** The codes that the client itself gives; every other is one of the API's problems. */
export const clientErrorCodes = [
	"connection_failed",
	"timeout",
	"wait_timeout",
	"aborted",
	"unexpected_answer",
] as const;
export type ClientErrorCode = (typeof clientErrorCodes)[number];

/** Decide by this: the words are stable, the messages are not. */
export type ReelayErrorCode = ClientErrorCode | Problem["code"];

/** One thing that is wrong with a request, and where it is. */
export type ReelayIssue = NonNullable<Problem["errors"]>[number];

export type ReelayErrorDetails = {
	code: ReelayErrorCode;
	message: string;
	retryable: boolean;
	status?: number | null | undefined;
	errors?: readonly ReelayIssue[] | undefined;
	requestId?: string | null | undefined;
	retryAfterS?: number | null | undefined;
	cause?: unknown;
};

/** Whatever goes wrong between you and Reelay. No message and no field of it holds your key. */
export class ReelayError extends Error {
	override readonly name: string = "ReelayError";
	readonly code: ReelayErrorCode;
	/** Whether the same request may succeed later. What was safe to repeat has been repeated already. */
	readonly retryable: boolean;
	/** Of the answer; null where there was none. */
	readonly status: number | null;
	/** Every mistake in the request, each with its place. */
	readonly errors: readonly ReelayIssue[];
	/** Names the request in the server's log; the operator can find it by this. */
	readonly requestId: string | null;
	/** How many seconds the server asks you to wait. */
	readonly retryAfterS: number | null;
	/** What makes a create safe to repeat: give it to the next try. */
	idempotencyKey: string | null = null;
	/** The job that it was about: go on with `jobs.waitFor`. */
	jobId: string | null = null;
	/** The job as it was seen last, where a wait was given up. */
	job: Job | null = null;
	/** The last event that a stream gave: go on behind it with `after`. */
	lastEventId: string | null = null;

	constructor(details: ReelayErrorDetails) {
		super(
			details.message,
			details.cause === undefined ? {} : { cause: details.cause },
		);
		this.code = details.code;
		this.retryable = details.retryable;
		this.status = details.status ?? null;
		this.errors = details.errors ?? [];
		this.requestId = details.requestId ?? null;
		this.retryAfterS = details.retryAfterS ?? null;
	}
}

/** The server answered, and said no: `code` says why, `errors` lists what to change. */
export class ReelayApiError extends ReelayError {
	override readonly name = "ReelayApiError";
}

/** There was no answer, or it broke off. Whether the request was carried out is not known. */
export class ReelayConnectionError extends ReelayError {
	override readonly name = "ReelayConnectionError";
}

/** There was no answer in time (`timeout`), or no end of a job (`wait_timeout`). */
export class ReelayTimeoutError extends ReelayError {
	override readonly name = "ReelayTimeoutError";
}

/** Your own signal ended it; its reason is the `cause`. */
export class ReelayAbortedError extends ReelayError {
	override readonly name = "ReelayAbortedError";
}
