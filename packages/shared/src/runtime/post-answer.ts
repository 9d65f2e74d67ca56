// Making one costs more than decoding an answer. In streaming mode it would keep half a character for the next answer.
const decoder = new TextDecoder();

/** The headers of an answer by lower-case name; values of one name are joined as HTTP does. */
export function joinHeaders(
	headers: Record<string, string | string[] | undefined>,
): Record<string, string> {
	return Object.fromEntries(
		Object.entries(headers).map(([name, value]) => [
			name.toLowerCase(),
			Array.isArray(value) ? value.join(", ") : (value ?? ""),
		]),
	);
}

/** The text of a body. A cut may fall inside a character; streaming mode leaves the half one out. */
export function decodeText(bytes: Buffer, truncated: boolean): string {
	return truncated
		? new TextDecoder().decode(bytes, { stream: true })
		: decoder.decode(bytes);
}
