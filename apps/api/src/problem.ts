import { type ProblemCode, problems } from "@reelay/shared/domain/errors";
import type { Violation } from "@reelay/shared/domain/violation";
import { ProblemError } from "@reelay/shared/runtime/problem-details";
import {
	isDatabaseUnavailable,
	isStatementGivenUp,
} from "@reelay/shared/store/database";
import type { ErrorRequestHandler } from "express";

/** Something that is wrong, and whether it is in the body, in the query or in a header. */
type Mistake = Omit<Violation, "pointer"> &
	({ pointer: string } | { parameter: string } | { header: string });

/** A problem of the catalogue, ready to be thrown; `detail` says what to change. */
export function problemFor(
	code: ProblemCode,
	more: {
		detail: string;
		errors?: Mistake[];
		headers?: Record<string, string>;
		extensions?: Record<string, unknown>;
	},
): ProblemError {
	const errors = (more.errors ?? []).map(({ message, ...rest }) => ({
		...rest,
		detail: message,
	}));
	return new ProblemError({ code, ...problems[code], ...more, errors });
}

/** The same answer for an id that never was, that is none, and that is another tenant's. */
export function noSuch(thing: string): ProblemError {
	return problemFor("not_found", {
		detail: `There is no ${thing} with this id.`,
	});
}

/** A database that is away, or that gave up a statement, is a 503 that may be tried again, and not a fault of the request. */
export const databaseProblems: ErrorRequestHandler = (
	error,
	_req,
	_res,
	next,
) => {
	if (!isDatabaseUnavailable(error) && !isStatementGivenUp(error)) {
		next(error);
		return;
	}
	const problem = problemFor("unavailable", {
		detail:
			"The database cannot be reached, or did not come to an end in time. Try again; with the same Idempotency-Key, a job that was accepted after all is not made twice.",
		headers: { "Retry-After": "5" },
	});
	problem.cause = error;
	next(problem);
};
