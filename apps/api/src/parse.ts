import { suggest } from "@reelay/shared/domain/suggest";
import { findUnstorableText } from "@reelay/shared/domain/text";
import {
	joinPointer,
	quote,
	type Violation,
} from "@reelay/shared/domain/violation";
import type { z } from "zod";
import { problemFor } from "./problem.ts";

// A hostile body can hold tens of thousands of mistakes; beyond these few, more lines help nobody.
const reportLimit = 50;

/** What zod found, each with its JSON pointer, and a suggestion where a field's name is nearly right. */
export function violationsOf(
	error: z.ZodError,
	knownFields: readonly string[],
): Violation[] {
	const found = error.issues.slice(0, reportLimit).flatMap((issue) => {
		const pointer = pointerTo(issue.path);
		return issue.code === "unrecognized_keys"
			? issue.keys
					.slice(0, reportLimit)
					.map((key) => unknownField(pointer, key, knownFields))
			: [{ pointer, code: issue.code, message: issue.message }];
	});
	return found.slice(0, reportLimit);
}

function unknownField(
	pointer: string,
	key: string,
	knownFields: readonly string[],
): Violation {
	const suggestion = suggest(key, knownFields);
	return {
		pointer: joinPointer(pointer, key),
		code: "unknown_field",
		message: `${quote(key)} is not a field of this request.`,
		...(suggestion === null ? {} : { suggestion }),
	};
}

/** The query of a request, typed, or a problem that names every mistake in it. */
export function parseQuery<S extends z.ZodObject>(
	schema: S,
	query: unknown,
): z.output<S> {
	const parsed = schema.safeParse(query);
	if (parsed.success) return parsed.data;
	throw problemFor("invalid_request", {
		detail: "The query has mistakes; each is listed in errors.",
		errors: violationsOf(parsed.error, Object.keys(schema.shape)).map(
			({ pointer, ...mistake }) => ({
				parameter: pointer.split("/")[1] ?? "",
				...mistake,
			}),
		),
	});
}

/** A body, typed, or a problem that names every mistake in it. */
export function parseBody<S extends z.ZodType>(
	schema: S,
	body: unknown,
): z.output<S> {
	const unstorable = findUnstorable(body);
	if (unstorable !== null) throw refusal([unstorable]);
	const parsed = schema.safeParse(body);
	if (parsed.success) return parsed.data;
	throw refusal(violationsOf(parsed.error, []));
}

function refusal(errors: Violation[]) {
	return problemFor("invalid_request", {
		detail: "The request has mistakes; each is listed in errors.",
		errors,
	});
}

/** The text that the database could not store, before anybody looks at the rest of a body. */
export function findUnstorable(body: unknown): Violation | null {
	const pointer = findUnstorableText(body);
	return pointer === null
		? null
		: {
				pointer,
				code: "invalid_text",
				message: "Remove NUL characters and unpaired surrogates.",
			};
}

function pointerTo(path: readonly PropertyKey[]): string {
	return path.reduce<string>(
		(pointer, part) => joinPointer(pointer, String(part)),
		"",
	);
}
