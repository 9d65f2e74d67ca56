import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { suggest } from "./suggest.ts";

const fields = ["prompt", "image_urls", "multi_shots", "kling_elements"];

describe("suggest", () => {
	it.each([
		["promt", fields, "prompt"],
		["prmopt", fields, "prompt"],
		["imageUrls", fields, "image_urls"],
		["image_url", fields, "image_urls"],
		["IMAGE-URLS", fields, "image_urls"],
		["multishot", fields, "multi_shots"],
		["elements", fields, "kling_elements"],
		["16x9", ["16:9", "9:16", "1:1"], "16:9"],
		["9x16", ["16:9", "9:16", "1:1"], "9:16"],
		["Pro", ["std", "pro"], "pro"],
		["professional", ["std", "pro"], "pro"],
	])("takes %s for what was meant", (word, candidates, meant) => {
		expect(suggest(word, candidates)).toBe(meant);
	});

	it.each([
		["seed", fields],
		["x", ["a", "b"]],
		["", fields],
		["4:3", ["16:9", "9:16", "1:1"]],
		["prompt", []],
		["p".repeat(65), ["p".repeat(65)]],
	])("stays silent about %j when nothing is near", (word, candidates) => {
		expect(suggest(word, candidates)).toBeNull();
	});

	it("prefers the nearest of several candidates", () => {
		expect(suggest("dog_2", ["dog_11", "dog_1", "dog_2x"])).toBe("dog_1");
	});

	it("suggests only candidates, and each candidate for itself", () => {
		fc.assert(
			fc.property(fc.string(), fc.array(fc.string()), (word, candidates) => {
				const found = suggest(word, candidates);

				expect(found === null || candidates.includes(found)).toBe(true);
			}),
		);
		for (const field of fields) expect(suggest(field, fields)).toBe(field);
	});
});
