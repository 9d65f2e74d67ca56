import { expect, it } from "vitest";
import { joinPointer, quote } from "./violation.ts";

it("escapes a member's name as a JSON pointer asks", () => {
	expect(joinPointer("/a", "b/c~d")).toBe("/a/b~1c~0d");
	expect(joinPointer("", 0)).toBe("/0");
	expect(joinPointer("", "")).toBe("/");
});

it("quotes a short text whole and a long one shortened", () => {
	expect(quote("pro")).toBe('"pro"');
	expect(quote("x".repeat(60))).toBe(`"${"x".repeat(60)}"`);
	expect(quote("x".repeat(100_000))).toBe(`"${"x".repeat(60)}…"`);
});

it("never cuts a character in two", () => {
	expect(quote("🐶".repeat(200))).not.toMatch(/\p{Surrogate}/u);
});
