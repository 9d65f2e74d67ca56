/**
 * Reads a bearer header. Without a list of keys, any non-empty key is good
 * unless it begins with "bad-", so that a refusal can be tried out of the box.
 */
export function checkBearer(
	header: string | undefined,
	keys: readonly string[] | undefined,
): { ok: true; key: string } | { ok: false; detail: string } {
	const key = /^Bearer\s+(\S+)\s*$/i.exec(header ?? "")?.[1];
	if (key === undefined) return { ok: false, detail: "Not authenticated" };
	const known = keys ? keys.includes(key) : !key.startsWith("bad-");
	if (!known) return { ok: false, detail: "Invalid API key" };
	return { ok: true, key };
}
