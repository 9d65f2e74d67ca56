import { readFileSync } from "node:fs";
import { createOpenApi } from "@reelay/shared/contracts/openapi/document";
import { describe, expect, it } from "vitest";
import { renderApi } from "./render-api.ts";
import { typeText } from "./type-text.ts";

describe("src/generated/api.ts", () => {
	it("is what the contract says today; if not, npm run generate", () => {
		const url = new URL("../generated/api.ts", import.meta.url);

		const text = readFileSync(url, "utf8");

		expect(text === renderApi(createOpenApi("0.0.0"))).toBe(true);
	});
});

describe("typeText", () => {
	it.each([
		["a word that is sent", { enum: ["a", "b"] }, "closed", '"a" | "b"'],
		["a word that is answered", { enum: ["a"] }, "open", '"a" | (string & {})'],
		["a constant", { type: "string", const: "x" }, "open", '"x"'],
		[
			"null beside a type",
			{ type: ["string", "null"] },
			"open",
			"string | null",
		],
		["anything", {}, "open", "unknown"],
		["a reference", { $ref: "#/components/schemas/a.b_c" }, "open", "ABC"],
		[
			"a map",
			{ type: "object", additionalProperties: { type: "integer" } },
			"open",
			"Record<string, number>",
		],
		[
			"a choice in a list",
			{ type: "array", items: { anyOf: [{ type: "null" }, { const: 1 }] } },
			"open",
			"Array<null | 1>",
		],
		[
			"fields that may be missing",
			{
				type: "object",
				properties: { a: { type: "boolean" }, "b-c": {} },
				required: ["a"],
			},
			"open",
			'{\na: boolean;\n"b-c"?: unknown | undefined;\n}',
		],
	] as const)("writes %s", (_name, schema, words, expected) => {
		expect(typeText(schema, words)).toBe(expected);
	});

	it("refuses what it cannot say", () => {
		expect(() => typeText({ type: "date" }, "open")).toThrow(/date/);
		expect(() => typeText({ $ref: "other.json" }, "open")).toThrow(/follow/);
	});
});
