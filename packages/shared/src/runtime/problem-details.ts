import type { ErrorRequestHandler, RequestHandler } from "express";
import { type ProblemCode, problems } from "../domain/errors.ts";
import { redactCallbackTokens } from "../signing/capability.ts";
import type { Logger } from "./logger.ts";

/** One thing that is wrong with a request, and where it is. */
export type ProblemIssue = {
	detail: string;
	/** A JSON pointer into the body. */
	pointer?: string;
	/** The name of a query or path parameter. */
	parameter?: string;
	/** The name of a header. */
	header?: string;
	code?: string;
	/** What the caller probably meant. */
	suggestion?: string;
};

/** The parts of a problem; everything but `cause` is shown to the caller. */
export type ProblemOptions = {
	status: number;
	code: string;
	title: string;
	detail: string;
	retryable?: boolean;
	errors?: readonly ProblemIssue[];
	headers?: Readonly<Record<string, string>>;
	/** Further members of the body, which the contract's problem has to know. */
	extensions?: Readonly<Record<string, unknown>>;
	cause?: unknown;
};

/**
 * An error that a caller may see as it stands. What is thrown as anything else
 * reaches the caller as a 500 without a word about its cause.
 */
export class ProblemError extends Error {
	override readonly name = "ProblemError";
	readonly status: number;
	readonly code: string;
	readonly title: string;
	readonly detail: string;
	readonly retryable: boolean;
	readonly errors: readonly ProblemIssue[];
	readonly headers: Readonly<Record<string, string>>;
	readonly extensions: Readonly<Record<string, unknown>>;

	constructor(options: ProblemOptions) {
		super(options.detail, { cause: options.cause });
		this.status = options.status;
		this.code = options.code;
		this.title = options.title;
		this.detail = options.detail;
		this.retryable = options.retryable ?? false;
		this.errors = options.errors ?? [];
		this.headers = options.headers ?? {};
		this.extensions = options.extensions ?? {};
	}
}

/** The codes that this file gives by itself; the catalogue explains them too. */
export const runtimeProblemCodes = [
	"bad_request",
	"body_too_large",
	"internal_error",
	"malformed_json",
	"malformed_url",
	"not_found",
	"unsupported_charset",
	"unsupported_encoding",
] as const satisfies readonly ProblemCode[];

/** Answers every error as RFC 9457 problem details; the last middleware. */
export function problemMiddleware(deps: {
	logger: Logger;
}): ErrorRequestHandler {
	return (error, request, response, next) => {
		const requestId: unknown = response.locals.requestId;
		const problem = toProblem(error);
		if (problem.status >= 500) {
			const cause = error instanceof ProblemError ? error.cause : error;
			deps.logger.error(
				{ err: cause ?? error, code: problem.code, request_id: requestId },
				"request.failed",
			);
		}
		// Half an answer cannot become a problem: Express cuts the connection, so
		// that the caller does not take it for a whole one.
		if (response.headersSent) {
			next(error);
			return;
		}
		response.set(problem.headers);
		response.status(problem.status).type("application/problem+json");
		response.send(
			JSON.stringify({
				type: `urn:reelay:problem:${problem.code}`,
				title: problem.title,
				status: problem.status,
				detail: problem.detail,
				instance: instanceOf(request.originalUrl),
				code: problem.code,
				retryable: problem.retryable,
				...problem.extensions,
				...(problem.errors.length > 0 ? { errors: problem.errors } : {}),
				...(typeof requestId === "string" ? { request_id: requestId } : {}),
			}),
		);
	};
}

/** Turns a request that no route took into a 404 problem. */
export const notFoundMiddleware: RequestHandler = (request) => {
	throw new ProblemError({
		code: "not_found",
		...problems.not_found,
		detail: `There is no ${request.method} ${instanceOf(request.originalUrl)}.`,
	});
};

// The query stays out: it may hold what a caller would not want echoed.
function instanceOf(originalUrl: string): string {
	const [path = "/"] = originalUrl.split("?");
	return redactCallbackTokens(path);
}

function toProblem(error: unknown): ProblemError {
	if (error instanceof ProblemError) return error;
	return (
		requestProblem(error) ??
		new ProblemError({
			code: "internal_error",
			...problems.internal_error,
			detail: "Something went wrong on our side. Tell us the request_id.",
		})
	);
}

/** What body-parser and Express's router throw, as http-errors makes them. */
type RequestFault = {
	status?: unknown;
	expose?: unknown;
	type?: unknown;
	limit?: unknown;
	message?: unknown;
};

function requestProblem(error: unknown): ProblemError | null {
	if (typeof error !== "object" || error === null) return null;
	const { status, expose, type, limit, message } = error as RequestFault;
	// Express's router throws this for a path such as /v1/jobs/%zz.
	if (error instanceof URIError && status === 400) {
		return new ProblemError({
			code: "malformed_url",
			...problems.malformed_url,
			detail: "The URL holds a percent sign that encodes nothing.",
		});
	}
	// Other libraries' errors bear a status too, which is not the caller's:
	// only what was made to be shown is about this request.
	if (typeof status !== "number" || expose !== true) return null;
	if (status < 400 || status > 499) return null;
	const [code, detail] = faultTexts(type, limit, message);
	return new ProblemError({ code, ...problems[code], status, detail });
}

function faultTexts(type: unknown, limit: unknown, message: unknown) {
	switch (type) {
		case "entity.parse.failed":
			return [
				"malformed_json",
				`The body is not JSON: ${excerpt(message)}`,
			] as const;
		case "entity.too.large":
			return [
				"body_too_large",
				`The body has more than the ${String(limit)} bytes allowed.`,
			] as const;
		case "charset.unsupported":
			return ["unsupported_charset", "The body must be in UTF-8."] as const;
		case "encoding.unsupported":
			return [
				"unsupported_encoding",
				"The body's Content-Encoding is not one that is read here.",
			] as const;
		default:
			return ["bad_request", "The request could not be read."] as const;
	}
}

// The parser quotes the caller's own body; long ones are of no help.
function excerpt(message: unknown): string {
	const text = typeof message === "string" ? message : "";
	return redactCallbackTokens(text).slice(0, 200);
}
