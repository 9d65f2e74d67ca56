import { operations } from "@reelay/shared/contracts/operations/all";
import {
	type Operation,
	problemsOf,
} from "@reelay/shared/contracts/operations/operation";
import { problemSchema } from "@reelay/shared/contracts/problem";
import { problems } from "@reelay/shared/domain/errors";

const patterns = operations.map((operation) => ({
	operation,
	pattern: new RegExp(
		`^${operation.route.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}/?$`,
		// As Express matches.
		"i",
	),
}));

/** The operation that serves a path, or null. */
export function findOperation(method: string, path: string): Operation | null {
	const verb = method.toLowerCase() === "head" ? "get" : method.toLowerCase();
	const [name = ""] = path.split("?");
	const found = patterns.find(
		({ operation, pattern }) => operation.method === verb && pattern.test(name),
	);
	return found?.operation ?? null;
}

export type GivenAnswer = {
	status: number;
	mediaType: string;
	/** The parsed body, or the text where it is not JSON. */
	body: unknown;
};

/**
 * Throws when an answer is not one that the operation documents: another status, another problem, or a body with a field
 * too few, too many or of another kind.
 */
export function checkAnswer(
	operation: Operation | null,
	given: GivenAnswer,
): void {
	const complaint =
		given.mediaType === "application/problem+json"
			? complainOfProblem(operation, given)
			: complainOfAnswer(operation, given);
	if (complaint === null) return;
	throw new Error(
		`${operation?.id ?? "no operation"} does not document this answer: ${complaint}\n${given.status} ${JSON.stringify(given.body)}`,
	);
}

function complainOfProblem(
	operation: Operation | null,
	{ status, body }: GivenAnswer,
): string | null {
	const parsed = problemSchema.safeParse(body);
	if (!parsed.success) return parsed.error.message;
	const { code } = parsed.data;
	if (status !== problems[code].status || status !== parsed.data.status)
		return `${code} has another status`;
	// What no operation is about has none to answer for it: a path that leads nowhere, a key that is asked for first.
	if (operation === null) return null;
	return problemsOf(operation).includes(code) ? null : `the problem ${code}`;
}

function complainOfAnswer(
	operation: Operation | null,
	{ status, mediaType, body }: GivenAnswer,
): string | null {
	if (operation === null) return "there is no such route";
	const answers = operation.answers.filter((one) => one.status === status);
	if (answers.length === 0) return `the status ${status}`;
	if (answers.every(({ schema }) => schema === undefined))
		return body === "" ? null : "a body";
	const answer = answers.find((one) => {
		return (one.mediaType ?? "application/json") === mediaType;
	});
	if (answer?.schema === undefined) return `the media type ${mediaType}`;
	return answer.schema.safeParse(body).error?.message ?? null;
}
