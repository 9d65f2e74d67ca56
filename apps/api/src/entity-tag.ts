import { createHash } from "node:crypto";

/** A strong tag of these bytes: it changes whenever they do. */
export function entityTag(text: string): string {
	return `"${createHash("sha256").update(text).digest("base64url")}"`;
}

/**
 * Whether `If-None-Match` names this tag, or any. Express's own answer is no to whoever also sends `Cache-Control:
 * no-cache`, as every `fetch` does that sets the header; but that is said to caches on the way, and we are none.
 */
export function isUnchanged(header: string | undefined, tag: string): boolean {
	if (header === undefined) return false;
	if (header.trim() === "*") return true;
	const names = header.split(",").map((name) => name.trim());
	return names.some((name) => name.replace(/^W\//, "") === tag);
}
