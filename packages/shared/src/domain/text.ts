/**
 * The JSON pointer of the first string (or key) that Postgres could not store, or null. NUL and lone surrogates are
 * valid in JSON but not in a database's text, so they are refused at the border with a pointer instead of failing there.
 */
export function findUnstorableText(
	value: unknown,
	pointer = "",
): string | null {
	if (typeof value === "string") return isStorable(value) ? null : pointer;
	if (typeof value !== "object" || value === null) return null;
	for (const [key, inner] of Object.entries(value)) {
		const here = `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
		if (!isStorable(key)) return pointer;
		const found = findUnstorableText(inner, here);
		if (found !== null) return found;
	}
	return null;
}

/** The text with NULs and lone surrogates replaced, for what must be kept whatever it holds. */
export function toStorable(text: string): string {
	return text.replaceAll("\u0000", "\uFFFD").replace(loneSurrogate, "\uFFFD");
}

const loneSurrogate = /\p{Surrogate}/gu;

function isStorable(text: string): boolean {
	return !text.includes("\u0000") && text.search(loneSurrogate) === -1;
}
