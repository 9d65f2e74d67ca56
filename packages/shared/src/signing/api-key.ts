import { hash, randomInt } from "node:crypto";

const alphabet =
	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
// 43 letters of 62 carry 256 bits. No "-" or "_" among them: a double click
// then selects the whole key.
const keyLetters = 43;
const shownLetters = 8;

/** Makes a new API key, `rl_` and 43 random letters; it is shown once. */
export function createApiKey(): string {
	const letters = Array.from(
		{ length: keyLetters },
		() => alphabet[randomInt(alphabet.length)],
	);
	return `rl_${letters.join("")}`;
}

/**
 * The only form in which a key is stored. One round of SHA-256 is enough: a
 * key is random, so there is no dictionary to try, and every request pays it.
 */
export function hashApiKey(key: string): Buffer {
	return hash("sha256", key, "buffer");
}

/** The first 8 characters, by which a person recognises a key in a list. */
export function apiKeyPrefix(key: string): string {
	return key.slice(0, shownLetters);
}
