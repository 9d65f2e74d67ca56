import { createHmac, timingSafeEqual } from "node:crypto";
import type { Keyring } from "./keyring.ts";

// sub_ + 64, a key id of 16, a mac of 43 and two dots make 127 characters.
const maxTokenLength = 128;
const submissionIdPattern = /^sub_[0-9A-Za-z]{1,64}$/;
const macBytes = 32;

/**
 * Makes the capability `<submission>.<key-id>.<mac>` that a provider calls back
 * with. Whoever holds it may end that one submission, so it is a secret: no
 * row, log, metric or answer may carry it. Throws on an id of another form,
 * because its token could never be verified and the result would be lost.
 */
export function signCallbackToken(
	submissionId: string,
	keyring: Keyring,
): string {
	if (!submissionIdPattern.test(submissionId)) {
		throw new RangeError(`"${submissionId}" is not a submission id`);
	}
	const { id, key } = keyring.signing;
	const mac = macOf(submissionId, id, key).toString("base64url");
	return `${submissionId}.${id}.${mac}`;
}

/**
 * Tells which submission a token speaks for, or null for anything that one of
 * the keyring's keys did not sign. Pure and cheap: it is called before any
 * database or body work, on whatever text the internet puts into the path.
 */
export function verifyCallbackToken(
	token: string,
	keyring: Keyring,
): { submissionId: string } | null {
	if (token.length > maxTokenLength) return null;
	const [submissionId, keyId, macText, ...rest] = token.split(".");
	if (submissionId === undefined || keyId === undefined) return null;
	if (macText === undefined || rest.length > 0) return null;
	if (!submissionIdPattern.test(submissionId)) return null;
	const key = keyring.find(keyId);
	const mac = decodeMac(macText);
	if (key === null || mac === null) return null;
	const isGenuine = timingSafeEqual(mac, macOf(submissionId, keyId, key));
	return isGenuine ? { submissionId } : null;
}

// The version and the purpose are signed too: no mac made for another use, or
// by a later rule, can be passed off as this one. Neither part holds a colon.
function macOf(submissionId: string, keyId: string, key: Buffer): Buffer {
	return createHmac("sha256", key)
		.update(`reelay:callback:v1:${submissionId}:${keyId}`)
		.digest();
}

// Node's decoder skips foreign characters and ignores the two spare bits of
// the 43rd character, so several texts decode to one mac. Only the canonical
// one is accepted: a token has exactly one spelling, and rate limits hold it.
function decodeMac(text: string): Buffer | null {
	const mac = Buffer.from(text, "base64url");
	return mac.length === macBytes && mac.toString("base64url") === text
		? mac
		: null;
}

// A token's dot and underscore as sinks have shown them: plain, percent-encoded
// once or more, or as JSON's \u escape with its backslash escaped again. A
// lone backslash is never matched: it may be what escapes the quote after a
// token, and a log line would stop being JSON without it. Every repetition is
// bounded and its alternatives start differently: the text is a stranger's,
// and a pattern that backtracks would be a way to stop a process.
const jsonEscape = "\\\\{1,8}u00";
const dressed = (plain: string, hex: string) =>
	`(?:${plain}|%(?:25){0,4}${hex}|${jsonEscape}${hex})`;
const signs = (plain: string) => `(?:[${plain}]|${jsonEscape}[0-9a-f]{2})`;
const dot = dressed("\\.", "2e");
const idText = `sub${dressed("_", "5f")}${signs("0-9a-z%")}{1,200}?`;
const keyIdText = `${signs("0-9a-z_%-")}{1,60}?`;
// Matched from the eighth sign on, so that a token which somebody cut short
// before logging it loses what is left of its secret as well.
const macText = `${signs("0-9a-z_%-")}{8,}`;
const tokenPattern = new RegExp(
	`(${idText})${dot}${keyIdText}${dot}${macText}`,
	"gi",
);

/**
 * Replaces every callback token in a text by `<submission>.[redacted]`, also
 * inside percent-encoded or JSON-escaped URLs and when cut short. Every sink
 * (logs, stored bodies, error texts, metrics) passes its text through here.
 */
export function redactCallbackTokens(text: string): string {
	return text.replace(tokenPattern, "$1.[redacted]");
}

// An Authorization header in a text. As long as a key is, so that a sentence about "a bearer token" stays whole.
const bearerPattern = /\b(bearer\s+)[a-z0-9._~+/=-]{16,}/gi;

/**
 * What a provider sends about one submission, before anything is read from it, without the secrets that it repeats: it
 * may echo our whole request, with its Authorization header. A text that does not name the submission keeps what looks
 * like a callback token, so that a result's URL is never touched because it happens to look like one.
 */
export function redactEchoedRequest(
	text: string,
	submissionId: string,
): string {
	// Without the prefix, whose underscore may be percent-encoded; no encoding changes letters and digits.
	const [, letters = submissionId] = submissionId.split("_");
	const withoutKey = text.replace(bearerPattern, "$1[redacted]");
	return text.includes(letters) ? redactCallbackTokens(withoutKey) : withoutKey;
}
