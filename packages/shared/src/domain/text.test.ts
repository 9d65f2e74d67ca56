import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findUnstorableText, toStorable } from "./text.ts";

describe("findUnstorableText", () => {
	it.each([
		["a NUL", "a\u0000b"],
		["half a surrogate pair at the end", "a\uD83D"],
		["half a surrogate pair at the start", "\uDE00a"],
		["a surrogate pair in the wrong order", "\uDE00\uD83D"],
	])("points at %s", (_name, text) => {
		expect(findUnstorableText(text)).toBe("");
		expect(findUnstorableText({ a: [{ "b/c~d": text }] })).toBe("/a/0/b~1c~0d");
	});

	it("points at the object around a key that cannot be stored", () => {
		expect(findUnstorableText({ a: { "k\u0000": 1 } })).toBe("/a");
		expect(findUnstorableText({ "k\u0000": 1 })).toBe("");
	});

	it.each([
		[null],
		[undefined],
		[7],
		[true],
		[""],
		["😀 é ✓ \u0001 \uFFFD"],
		[{ a: ["b", { c: null }] }],
	])("finds nothing wrong with %j", (value) => {
		expect(findUnstorableText(value)).toBeNull();
	});

	it("gives the same answer every time it is asked", () => {
		const answers = [1, 2, 3].map(() => findUnstorableText("a\uD83D"));

		expect(answers).toEqual(["", "", ""]);
	});

	it("reads a body however deep it is nested", () => {
		const depth = 50_000;
		const body = JSON.parse(
			`${"[".repeat(depth)}"\\u0000"${"]".repeat(depth)}`,
		);

		expect(findUnstorableText(body)).toBe("/0".repeat(depth));
	});
});

describe("toStorable", () => {
	it("replaces what cannot be stored and keeps the rest as it is", () => {
		expect(toStorable("a\u0000b\uD83Dc\u0000😀")).toBe(
			"a\uFFFDb\uFFFDc\uFFFD😀",
		);
	});

	it("makes any text storable, and changes none that was", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (text) => {
				const stored = toStorable(text);

				expect(findUnstorableText(stored)).toBeNull();
				expect(toStorable(stored)).toBe(stored);
				if (findUnstorableText(text) === null) expect(stored).toBe(text);
			}),
		);
	});
});
