import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { minSealingKeyBytes, parseKeyring } from "./keyring.ts";

const key = (fill: number, bytes = 32) => Buffer.alloc(bytes, fill);
const base64 = (fill: number, bytes = 32) =>
	key(fill, bytes).toString("base64");

describe("parseKeyring", () => {
	it("signs with the first key and finds all of them", () => {
		const text = `new:${base64(1)},old:${base64(2)}`;

		const keyring = parseKeyring(text);

		expect(keyring.signing).toEqual({ id: "new", key: key(1) });
		expect(keyring.ids).toEqual(["new", "old"]);
		expect(keyring.find("old")).toEqual(key(2));
		expect(keyring.find("other")).toBeNull();
		expect(keyring.find("toString")).toBeNull();
	});

	it("takes either base64 alphabet, with or without padding", () => {
		const bytes = Buffer.alloc(32, 0xfb);

		const spellings = [
			bytes.toString("base64"),
			bytes.toString("base64").replace(/=+$/, ""),
			bytes.toString("base64url"),
		].map((text) => parseKeyring(` k1:${text} `).signing.key);

		expect(spellings).toEqual([bytes, bytes, bytes]);
	});

	it.each([
		["nothing", "", /entry 1 is not of the form id:base64/],
		["no id", base64(1), /entry 1 is not of the form/],
		["an empty id", `:${base64(1)}`, /id of entry 1 must be 1 to 16/],
		["a dotted id", `a.b:${base64(1)}`, /id of entry 1 must be/],
		["a long id", `${"a".repeat(17)}:${base64(1)}`, /id of entry 1 must be/],
		["a trailing comma", `a:${base64(1)},`, /entry 2 is not of the form/],
		["foreign letters", `a:${base64(1).slice(0, 20)}!!!!`, /not base64/],
		["a short key", `a:${base64(1, 15)}`, /has 15 bytes and needs at least 16/],
		["a doubled id", `a:${base64(1)},a:${base64(2)}`, /"a" is used twice/],
	])("refuses %s and says what to change", (_name, text, sentence) => {
		expect(() => parseKeyring(text)).toThrow(sentence);
	});

	it("asks for 32 bytes when the keys are to seal", () => {
		const text = `a:${base64(1, 31)}`;

		expect(() => parseKeyring(text, minSealingKeyBytes)).toThrow(
			/has 31 bytes and needs at least 32/,
		);
	});

	it("keeps the key out of its error texts", () => {
		const secret = base64(7, 15);

		for (const text of [`a:${secret}`, `a.b:${secret}`, secret]) {
			expect(() => parseKeyring(text)).toThrow(
				expect.objectContaining({
					message: expect.not.stringContaining(secret.slice(0, 8)),
				}),
			);
		}
	});

	it("shows only its ids when it is logged or printed", () => {
		const keyring = parseKeyring(`a:${base64(1)},b:${base64(2)}`);

		const shown = [JSON.stringify(keyring), inspect(keyring, { depth: 9 })];

		expect(shown).toEqual(['{"ids":["a","b"]}', "{ ids: [ 'a', 'b' ] }"]);
	});
});
