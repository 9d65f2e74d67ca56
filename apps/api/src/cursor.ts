import { type IdOf, isId } from "@reelay/shared/runtime/ids";
import { problemFor } from "./problem.ts";

/** The id behind which the next page begins, as a text that promises nothing about its form. */
export function sealCursor(id: string): string {
	return Buffer.from(id).toString("base64url");
}

/** The id in a cursor, or a problem when it is none that this API gave. */
export function openCursor(kind: keyof IdOf, cursor: string): string {
	const id = Buffer.from(cursor, "base64url").toString();
	if (isId(kind, id)) return id;
	const message =
		"The cursor is not one that this API gave; start without one.";
	throw problemFor("invalid_request", {
		detail: message,
		errors: [{ parameter: "cursor", code: "invalid_cursor", message }],
	});
}
