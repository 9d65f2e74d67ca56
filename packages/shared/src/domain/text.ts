import { joinPointer } from "./violation.ts";

/**
 * The JSON pointer of a string (or of the object around a key) that Postgres could not store, or null. NUL and lone
 * surrogates are valid in JSON but not in a database's text, so they are refused at the border with a pointer instead of
 * failing there. It keeps its own stack, because a caller chooses how deep a body is nested.
 */
export function findUnstorableText(value: unknown): string | null {
	const open: { value: unknown; pointer: string }[] = [{ value, pointer: "" }];
	for (let next = open.pop(); next !== undefined; next = open.pop()) {
		const { value, pointer } = next;
		if (typeof value === "string" && !isStorable(value)) return pointer;
		if (typeof value !== "object" || value === null) continue;
		for (const [key, inner] of Object.entries(value)) {
			if (!isStorable(key)) return pointer;
			open.push({ value: inner, pointer: joinPointer(pointer, key) });
		}
	}
	return null;
}

/** The text with NULs and lone surrogates replaced, for what must be kept whatever it holds. */
export function toStorable(text: string): string {
	return text.replaceAll("\u0000", "\uFFFD").toWellFormed();
}

function isStorable(text: string): boolean {
	return !text.includes("\u0000") && text.isWellFormed();
}
