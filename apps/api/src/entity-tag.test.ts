import { describe, expect, it } from "vitest";
import { entityTag, isUnchanged } from "./entity-tag.ts";

const tag = entityTag("a");

describe("isUnchanged", () => {
	it.each([tag, `W/${tag}`, `"x", ${tag}`, `${tag},"x"`, "*", " * "])(
		"knows the tag in %j",
		(header) => {
			expect(isUnchanged(header, tag)).toBe(true);
		},
	);

	it.each([undefined, "", '"x"', entityTag("b"), tag.slice(1, -1), '"*"'])(
		"does not know it in %j",
		(header) => {
			expect(isUnchanged(header, tag)).toBe(false);
		},
	);
});
