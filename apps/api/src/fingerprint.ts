import { createHash } from "node:crypto";

/** SHA-256 of a value's meaning: the order of an object's keys does not change it. */
export function fingerprint(value: unknown): Buffer {
	return createHash("sha256").update(canonical(value)).digest();
}

function canonical(value: unknown): string {
	return JSON.stringify(value, (_key, inner: unknown) =>
		typeof inner === "object" && inner !== null && !Array.isArray(inner)
			? Object.fromEntries(
					Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)),
				)
			: inner,
	);
}
