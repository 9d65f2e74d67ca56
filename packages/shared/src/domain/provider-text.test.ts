import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keepJson, keepText } from "./provider-text.ts";

const token = "sub_01.k1.c2VjcmV0LW1hYw";

describe("keepText", () => {
	it.each([
		`see https://hooks.example.com/callbacks/see2ai/${token} there`,
		`{"callBackUrl":"https:\\/\\/hooks.example.com\\/callbacks\\/see2ai\\/${token}"}`,
		`https%3A%2F%2Fhooks.example.com%2Fcallbacks%2Fsee2ai%2F${token}`,
	])("removes our callback token from %s", (text) => {
		const kept = keepText(text);

		expect(kept).not.toContain("c2VjcmV0");
		expect(kept).toContain("[redacted]");
	});

	it("removes a token before it shortens, so that no half of one remains", () => {
		const url = `https://hooks.example.com/callbacks/see2ai/${token}`;
		const text = `${"x".repeat(1_960)}${url}`;

		expect(keepText(text)).not.toContain("sub_01");
	});

	it("keeps only what a database can store, even where it cuts", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), fc.nat(20), (text, limit) => {
				const kept = keepText(text, limit);

				expect(kept).not.toMatch(/\p{Surrogate}/u);
				expect(kept).not.toContain("\u0000");
				expect(kept.length).toBeLessThanOrEqual(Math.max(limit, 0) + 1);
			}),
		);
		expect(keepText("a\u0000\ud83d")).toBe("a\uFFFD\uFFFD");
	});
});

describe("keepJson", () => {
	it("leaves out what echoes our request's address, and prototype members", () => {
		const hint = JSON.parse(
			`{"prompt":"a dog","callBackUrl":"https://x/${token}","call_back_url":"y","param":"{}","__proto__":{"a":1}}`,
		);

		const kept = keepJson(hint);

		expect(kept).toEqual({ prompt: "a dog" });
		expect(Object.getPrototypeOf(kept)).toBe(Object.prototype);
	});

	it("bounds depth and number", () => {
		const deep = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`);
		const row = Array.from({ length: 600 }, () => "x");
		const wide = Array.from({ length: 600 }, () => row);

		expect(JSON.stringify(keepJson(deep)).length).toBeLessThan(50);
		expect(JSON.stringify(keepJson(wide)).length).toBeLessThan(5_000);
	});

	it("yields JSON for anything at all", () => {
		fc.assert(
			fc.property(fc.anything(), (value) => {
				const kept = keepJson(value);

				const text = JSON.stringify(kept);
				const parsed: unknown = JSON.parse(text);

				expect(JSON.stringify(parsed)).toBe(text);
			}),
		);
	});
});
