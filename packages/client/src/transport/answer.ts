import type { Problem } from "../generated/api.ts";
import {
	ReelayApiError,
	ReelayConnectionError,
	type ReelayIssue,
} from "../reelay-error.ts";
import { readRetryAfter } from "./retry.ts";

/** What a request is called in messages: its method and path, without its query and without its key. */
export type RequestName = { method: string; path: string; requestId: string };

// Proxies answer with these when what is behind them is away for the moment.
const passingStatuses = [429, 502, 503, 504];

/** The body of a successful answer. An HTML page, which a proxy may answer with, is no success. */
export function readBody(
	response: Response,
	text: string,
	name: RequestName,
): unknown {
	if (text === "" && (response.status === 204 || response.status === 205)) {
		return undefined;
	}
	const type = response.headers.get("content-type") ?? "no content type";
	if (!/\bjson\b/i.test(type)) {
		throw unexpected(response, name, `answered with ${type} instead of JSON`);
	}
	try {
		return JSON.parse(text);
	} catch (cause) {
		// The server writes no bad JSON: some of it is missing.
		throw new ReelayConnectionError({
			code: "connection_failed",
			message: `${name.method} ${name.path}: the answer broke off.`,
			retryable: true,
			requestId: name.requestId,
			cause,
		});
	}
}

/** The error that an answer stands for which is no success. */
export function errorOf(
	response: Response,
	text: string,
	name: RequestName,
): ReelayApiError {
	const problem = readProblem(text);
	if (problem === null) {
		const where = response.headers.get("location");
		const isRedirect = response.status >= 300 && response.status < 400;
		return unexpected(
			response,
			name,
			isRedirect
				? `redirects to ${where ?? "nowhere"}; requests with a key are not sent on: set baseUrl to where the API is`
				: `answered ${response.status}, and not as Reelay does: a proxy, or another service`,
		);
	}
	const errors = Array.isArray(problem.errors) ? problem.errors : [];
	const detail = problem.detail ?? problem.title ?? problem.code;
	return new ReelayApiError({
		code: problem.code,
		message: [`${detail} (${problem.code})`, ...mistakes(errors)].join("\n"),
		retryable: problem.retryable === true || response.status === 429,
		status: response.status,
		errors,
		requestId: problem.request_id ?? name.requestId,
		retryAfterS: readRetryAfter(response.headers, Date.now()),
	});
}

// Enough to see what is wrong; `errors` has all of them.
const shownMistakes = 5;

function mistakes(errors: readonly ReelayIssue[]): string[] {
	return errors
		.slice(0, shownMistakes)
		.map(
			({ pointer, parameter, header, detail }) =>
				`  ${pointer ?? parameter ?? header ?? "request"}: ${detail}`,
		);
}

/** An answer that Reelay's API never gives. */
export function unexpected(
	response: Response,
	{ method, path, requestId }: RequestName,
	flaw: string,
): ReelayApiError {
	return new ReelayApiError({
		code: "unexpected_answer",
		message: `${method} ${path}: the server ${flaw}.`,
		retryable: passingStatuses.includes(response.status),
		status: response.status,
		requestId: response.headers.get("x-request-id") ?? requestId,
		retryAfterS: readRetryAfter(response.headers, Date.now()),
	});
}

type ProblemLike = Partial<Problem> & Pick<Problem, "code">;

function readProblem(text: string): ProblemLike | null {
	try {
		const value: unknown = JSON.parse(text);
		const isProblem =
			typeof value === "object" &&
			value !== null &&
			"code" in value &&
			typeof value.code === "string";
		return isProblem ? (value as ProblemLike) : null;
	} catch {
		return null;
	}
}
