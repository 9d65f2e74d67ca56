import { type IdOf, isId } from "@reelay/shared/runtime/ids";
import { problemFor } from "./problem.ts";

/** The id behind which the next page begins, as a text that promises nothing about its form. */
export function sealCursor(id: string): string {
	return Buffer.from(id).toString("base64url");
}

/** The id in a cursor; null for the first page, which has none. Throws the problem of one that this API did not give. */
export function openCursor(
	kind: keyof IdOf,
	cursor: string | undefined,
): string | null {
	if (cursor === undefined) return null;
	const id = idIn(cursor);
	if (isId(kind, id)) return id;
	throw notOurs();
}

/** The same where rows are counted instead of named. */
export function openCountedCursor(cursor: string | undefined): bigint | null {
	if (cursor === undefined) return null;
	const id = idIn(cursor);
	if (/^\d{1,18}$/.test(id)) return BigInt(id);
	throw notOurs();
}

function idIn(cursor: string): string {
	return Buffer.from(cursor, "base64url").toString();
}

function notOurs() {
	const message =
		"The cursor is not one that this API gave; start without one.";
	return problemFor("invalid_request", {
		detail: message,
		errors: [{ parameter: "cursor", code: "invalid_cursor", message }],
	});
}
