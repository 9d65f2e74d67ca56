import { suggest } from "@reelay/shared/domain/suggest";
import type { Violation } from "@reelay/shared/domain/violation";
import type { z } from "zod";
import { problemFor } from "./problem.ts";

/** Every mistake that zod found, each with its JSON pointer, and a suggestion where a field's name is nearly right. */
export function violationsOf(
	error: z.ZodError,
	knownFields: readonly string[],
): Violation[] {
	return error.issues.flatMap((issue): Violation[] => {
		const pointer = pointerTo(issue.path);
		if (issue.code !== "unrecognized_keys") {
			return [{ pointer, code: issue.code, message: issue.message }];
		}
		return issue.keys.map((key) => {
			const suggestion = suggest(key, knownFields);
			return {
				pointer: `${pointer}${pointerTo([key])}`,
				code: "unknown_field",
				message: `${key} is not a field of this request.`,
				...(suggestion === null ? {} : { suggestion }),
			};
		});
	});
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
		errors: violationsOf(parsed.error, Object.keys(schema.shape)),
	});
}

function pointerTo(path: readonly PropertyKey[]): string {
	return path
		.map((part) => String(part).replaceAll("~", "~0").replaceAll("/", "~1"))
		.map((part) => `/${part}`)
		.join("");
}
