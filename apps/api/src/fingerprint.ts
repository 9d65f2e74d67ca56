import { hash } from "node:crypto";

/** SHA-256 of a value's meaning: the order of an object's keys does not change it. */
export function fingerprint(value: unknown): Buffer {
	return hash("sha256", JSON.stringify(inOrder(value)), "buffer");
}

/** The same, with the keys of each object in one order. */
function inOrder(value: unknown): unknown {
	if (typeof value !== "object" || value === null) return value;
	if (Array.isArray(value)) return value.map(inOrder);
	const entries: [string, unknown][] = [];
	for (const key of Object.keys(value).sort()) {
		entries.push([key, inOrder((value as Record<string, unknown>)[key])]);
	}
	return Object.fromEntries(entries);
}
