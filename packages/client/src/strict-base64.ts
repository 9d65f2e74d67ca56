/**
 * The bytes that a text in standard base64 with padding stands for, or null. Node by itself skips what is no base64
 * and ignores left-over bits, so that many texts would pass for the same key or signature.
 */
export function decodeBase64(text: string): Buffer | null {
	const bytes = Buffer.from(text, "base64");
	return bytes.toString("base64") === text ? bytes : null;
}
