import {
	ReelayConnectionError,
	ReelayError,
	ReelayTimeoutError,
} from "../reelay-error.ts";
import { errorOf, readBody } from "./answer.ts";
import { abortedBy, createDeadline, type Deadline } from "./deadline.ts";
import type { PreparedRequest } from "./request.ts";

/** A function with the shape of the Web's own. */
export type Fetch = typeof globalThis.fetch;

/** An answer whose head is there, and what ends the reading of its body. */
export type Open = { response: Response; deadline: Deadline };

/** Sends a request once and reads its answer whole. Rejects with a ReelayError. */
export async function sendOnce(
	fetch: Fetch,
	request: PreparedRequest,
	limits: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<{ body: unknown; headers: Headers }> {
	const { response, deadline } = await openOnce(fetch, request, limits);
	try {
		const text = await orThrow(response.text(), request, {
			...limits,
			deadline,
		});
		if (!response.ok) throw errorOf(response, text, request);
		return {
			body: readBody(response, text, request),
			headers: response.headers,
		};
	} finally {
		deadline.end();
	}
}

/**
 * Sends a request once and returns as soon as the head of the answer is there. A redirect is not followed: it would turn a
 * POST into a GET, or take the key elsewhere.
 */
export async function openOnce(
	fetch: Fetch,
	request: PreparedRequest,
	limits: { timeoutMs: number; signal: AbortSignal | undefined },
): Promise<Open> {
	if (limits.signal?.aborted === true) throw abortedBy(limits.signal);
	const deadline = createDeadline(limits.timeoutMs, limits.signal);
	const asking = fetch(request.url, {
		method: request.method,
		headers: request.headers,
		body: request.body,
		redirect: "manual",
		signal: deadline.signal,
	});
	try {
		const response = await orThrow(asking, request, { ...limits, deadline });
		return { response, deadline };
	} catch (error) {
		deadline.cancel();
		throw error;
	}
}

/** What is read of an answer, or the ReelayError that says why it could not be. */
export async function orThrow<Value>(
	reading: Promise<Value>,
	request: PreparedRequest,
	{
		deadline,
		signal,
		timeoutMs,
	}: { deadline: Deadline; signal: AbortSignal | undefined; timeoutMs: number },
): Promise<Value> {
	try {
		return await reading;
	} catch (cause) {
		const { method, path, requestId, url } = request;
		if (signal?.aborted === true) throw abortedBy(signal);
		if (deadline.hasPassed()) {
			throw new ReelayTimeoutError({
				code: "timeout",
				message: `${method} ${path}: nothing came for ${timeoutMs} ms.`,
				retryable: true,
				requestId,
			});
		}
		throw new ReelayConnectionError({
			code: "connection_failed",
			message: `${method} ${path}: the connection to ${new URL(url).origin} failed (${reasonOf(cause)}).`,
			retryable: true,
			requestId,
			cause,
		});
	}
}

/** The errors of a request carry what is needed to go on. */
export function withContext(error: unknown, request: PreparedRequest): unknown {
	if (error instanceof ReelayError) {
		error.idempotencyKey ??= request.idempotencyKey;
		error.jobId ??= request.jobId;
	}
	return error;
}

// Node says "fetch failed", and the reason is somewhere below.
function reasonOf(cause: unknown): string {
	let reason = "unknown";
	for (let error = cause; error instanceof Error; error = error.cause) {
		if ("code" in error && typeof error.code === "string") return error.code;
		reason = error.message;
	}
	return reason;
}
