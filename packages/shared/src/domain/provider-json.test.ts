import { describe, expect, it } from "vitest";
import { parseProviderJson } from "./provider-json.ts";

const nested = (levels: number) =>
	`${"[".repeat(levels)}1${"]".repeat(levels)}`;

describe("a provider's JSON", () => {
	it.each([
		['{"a": [1, "b"]}', { a: [1, "b"] }],
		['\uFEFF{"a": 1}', { a: 1 }],
		["null", null],
		['"[[[["', "[[[["],
		['{"a": "\\"{{{{"}', { a: '"{{{{' }],
	])("is read: %s", (text, value) => {
		expect(parseProviderJson(text)).toEqual({ value });
	});

	it.each(["", "hello", "{", '{"a":1}}', "\uFEFF", "{'a':1}"])(
		"is not what this is: %j",
		(text) => {
			expect(parseProviderJson(text)).toEqual({ fault: "it is not JSON" });
		},
	);

	it("may be nested 32 levels deep and no deeper, whatever stands in its strings", () => {
		const strings = JSON.stringify(["[".repeat(100), '\\"['.repeat(100)]);

		expect(parseProviderJson(nested(32))).toHaveProperty("value");
		expect(parseProviderJson(nested(33))).toEqual({
			fault: "it is nested deeper than 32 levels",
		});
		expect(parseProviderJson("[".repeat(100_000))).toHaveProperty("fault");
		expect(parseProviderJson(strings)).toHaveProperty("value");
	});

	it.each([
		'{"__proto__": {"state": "success"}}',
		'{"data": {"list": [{"__proto__": 1}]}}',
		'{"\\u005f_proto__": 1}',
		'{"\\u005F\\u005Fpr\\u006Fto__": 1}',
	])("names no prototype: %s", (text) => {
		expect(parseProviderJson(text)).toEqual({
			fault: 'a member is named "__proto__"',
		});
		expect(({} as { state?: string }).state).toBeUndefined();
	});

	it("may speak of a prototype in a text", () => {
		expect(parseProviderJson('{"prompt": "__proto__"}')).toEqual({
			value: { prompt: "__proto__" },
		});
	});
});
