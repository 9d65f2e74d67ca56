import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
	redactCallbackTokens,
	redactEchoedRequest,
	signCallbackToken,
	verifyCallbackToken,
} from "./capability.ts";
import { parseKeyring } from "./keyring.ts";

const keyText = (fill: number) => Buffer.alloc(32, fill).toString("base64");
const keyring = parseKeyring(`k2:${keyText(2)},k1:${keyText(1)}`);
const submissionId = "sub_01k0aj5m8gq4w3n7y2e6c9vb1d";
const otherId = "sub_01k0aj5m8gq4w3n7y2e6c9vb1e";
const token = signCallbackToken(submissionId, keyring);
const mac = token.split(".")[2] ?? "";

// The same mac spelled with its two spare bits set.
const lastSign =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const twin =
	mac.slice(0, -1) + lastSign[lastSign.indexOf(mac.at(-1) ?? "") + 1];

function macOver(text: string, fill: number, algorithm = "sha256"): string {
	return createHmac(algorithm, Buffer.alloc(32, fill))
		.update(text)
		.digest("base64url");
}

describe("signCallbackToken", () => {
	it("signs the versioned text with the first key", () => {
		const expected = macOver(`reelay:callback:v1:${submissionId}:k2`, 2);

		expect(token).toBe(`${submissionId}.k2.${expected}`);
	});

	it.each(["", "sub_", "job_1", "sub_a.b", "sub_a:b", `sub_${"a".repeat(65)}`])(
		"refuses %j, whose token could never be verified",
		(id) => {
			expect(() => signCallbackToken(id, keyring)).toThrow(RangeError);
		},
	);
});

describe("verifyCallbackToken", () => {
	it("tells the submission that the token speaks for", () => {
		expect(verifyCallbackToken(token, keyring)).toEqual({ submissionId });
	});

	it("accepts every id and key id that can be signed", () => {
		const ids = fc.stringMatching(/^sub_[0-9A-Za-z]{1,64}$/);
		const keyIds = fc.stringMatching(/^[A-Za-z0-9_-]{1,16}$/);
		const keys = fc.uint8Array({ minLength: 16, maxLength: 64 });

		fc.assert(
			fc.property(ids, keyIds, keys, (id, keyId, bytes) => {
				const base64 = Buffer.from(bytes).toString("base64");
				const ring = parseKeyring(`${keyId}:${base64}`);
				const verified = verifyCallbackToken(signCallbackToken(id, ring), ring);
				expect(verified).toEqual({ submissionId: id });
			}),
		);
	});

	it("accepts a token of an older key until that key is taken away", () => {
		const before = parseKeyring(`k1:${keyText(1)}`);
		const after = parseKeyring(`k2:${keyText(2)}`);
		const old = signCallbackToken(submissionId, before);

		const verified = [keyring, after].map((ring) =>
			verifyCallbackToken(old, ring),
		);

		expect(verified).toEqual([{ submissionId }, null]);
	});

	const forgeries: [string, string][] = [
		["an empty text", ""],
		["only dots", ".."],
		["no mac", `${submissionId}.k2.`],
		["no key id", `${submissionId}..${mac}`],
		["a missing part", `${submissionId}.${mac}`],
		["a fourth part", `${token}.x`],
		["a trailing dot", `${token}.`],
		["another submission", token.replace(submissionId, otherId)],
		["an upper-case submission", token.replace("01k0", "01K0")],
		["another key's name", token.replace(".k2.", ".k1.")],
		["an unknown key", token.replace(".k2.", ".k3.")],
		["a key named like a property", token.replace(".k2.", ".constructor.")],
		["one sign changed", token.replace(mac, `A${mac.slice(1)}`)],
		["a mac cut by one sign", token.slice(0, -1)],
		["a mac cut to 128 bits", token.slice(0, -21)],
		["a longer mac", `${token}A`],
		["the same mac in another spelling", token.replace(mac, twin)],
		["padding", `${token}=`],
		["a space in front", ` ${token}`],
		["a line break behind", `${token}\n`],
		["a zero byte behind", `${token}\0`],
		["foreign signs that a decoder skips", token.replace(mac, `${mac}!`)],
		["percent-encoding", encodeURIComponent(token).replaceAll(".", "%2E")],
		["a full-width dot", token.replaceAll(".", "．")],
		[
			"the mac of another version",
			`${submissionId}.k2.${macOver(`reelay:callback:v2:${submissionId}:k2`, 2)}`,
		],
		[
			"the mac of another purpose",
			`${submissionId}.k2.${macOver(`reelay:webhook:v1:${submissionId}:k2`, 2)}`,
		],
		[
			"the mac without the key id",
			`${submissionId}.k2.${macOver(`reelay:callback:v1:${submissionId}`, 2)}`,
		],
		[
			"the mac of another hash",
			`${submissionId}.k2.${macOver(`reelay:callback:v1:${submissionId}:k2`, 2, "sha512")}`,
		],
		["the mac of a wrong key", `${submissionId}.k2.${macOver("", 3)}`],
		["a mac of zeros", `${submissionId}.k2.${"A".repeat(43)}`],
		["a megabyte", "a".repeat(1_000_000)],
		["a genuine token in a long text", token.padEnd(200, "A")],
	];

	it.each(forgeries)("refuses %s", (_name, forged) => {
		expect(forged).not.toBe(token);
		expect(verifyCallbackToken(forged, keyring)).toBeNull();
	});
});

describe("redactCallbackTokens", () => {
	const url = `https://reelay.example/callbacks/see2ai/${token}`;
	const percent = encodeURIComponent(url);
	const inJson = JSON.stringify({
		param: JSON.stringify({ callBackUrl: url }),
	});

	it.each([
		["the plain token", token],
		["a URL", `POST ${url}?a=1 failed`],
		["two in one text", `${url} and ${url}`],
		["a percent-encoded URL", percent],
		["one encoded twice", encodeURIComponent(percent)],
		["encoded dots", token.replaceAll(".", "%2E")],
		["dots encoded twice", token.replaceAll(".", "%252e")],
		["everything but letters encoded", token.replace(/[._-]/g, hexOf)],
		["JSON in JSON", inJson],
		["JSON three deep", JSON.stringify({ inJson })],
		["slashes escaped by JSON", url.replaceAll("/", "\\/")],
		["dots escaped by JSON", token.replaceAll(".", "\\u002e")],
		["dots escaped twice", token.replaceAll(".", "\\\\u002E")],
		["a mac with an escaped sign", token.replace(mac, `${mac}\\u002d`)],
		["an upper-case text", token.toUpperCase()],
		["a token cut short", `${token.slice(0, -20)}…`],
	])("takes the mac out of %s", (_name, text) => {
		const redacted = redactCallbackTokens(text);

		expect(redacted).toContain("[redacted]");
		for (let at = 0; at + 8 <= mac.length; at += 1) {
			const piece = mac.slice(at, at + 8).toLowerCase();
			expect(redacted.toLowerCase()).not.toContain(piece);
		}
	});

	it("keeps the submission, and JSON stays JSON", () => {
		const redacted = redactCallbackTokens(inJson);

		const { param } = JSON.parse(redacted) as { param: string };
		expect(JSON.parse(param)).toEqual({
			callBackUrl: `https://reelay.example/callbacks/see2ai/${submissionId}.[redacted]`,
		});
	});

	it.each([
		submissionId,
		`${submissionId}.mp4`,
		`see ${submissionId}. Then go on. Understood`,
		"job_01k0aj5m8gq4w3n7y2e6c9vb1d",
		"https://cdn.example/v1.2.3/video.mp4",
		"",
	])("leaves %j alone", (text) => {
		expect(redactCallbackTokens(text)).toBe(text);
	});

	it("stays linear on a text made to slow it down", () => {
		const texts = ["sub_%2525", "sub_a%2e", "\\", "sub_a.", "sub_a%252e-"];

		const redacted = texts.map((unit) =>
			redactCallbackTokens(`sub_${unit.repeat(30_000)}`),
		);

		expect(redacted).toHaveLength(texts.length);
	});
});

describe("redactEchoedRequest", () => {
	const redact = (text: string) => redactEchoedRequest(text, submissionId);

	it("removes an Authorization header, whatever the text is about", () => {
		const header = "Authorization: Bearer sk-0123456789abcdef";

		expect(redact(`refused ${header}!`)).toBe(
			"refused Authorization: Bearer [redacted]!",
		);
	});

	it("leaves a sentence about bearers alone", () => {
		const sentence = "Send a bearer token; the bearer of it may render.";

		expect(redact(sentence)).toBe(sentence);
	});
});

function hexOf(sign: string): string {
	return `%${sign.charCodeAt(0).toString(16)}`;
}
