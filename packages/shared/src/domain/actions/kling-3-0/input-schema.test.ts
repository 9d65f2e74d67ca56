import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { see2aiVideoGenerationKling30V1 as action } from "../see2ai_video_generation_kling_3_0_v1.ts";

const validate = new Ajv2020({ strict: false }).compile(action.inputSchema);
const checks = { isPublicHost: () => true };
const image = "https://images.example.com/a.png";
const element = { name: "boat", element_input_urls: [image, image] };
const shot = { prompt: "a", duration: 5 };

/** What its reader may come across in each field, half of which it refuses. */
const fields = {
	prompt: ["a boat", "", " ", null, 7, "@boat sails"],
	image_urls: [[], [image], [image, image], Array(3).fill(image), "x", null],
	sound: [true, "true", "FALSE", "yes", null, 1],
	duration: [3, 15, 2, 16, "5", " 05 ", "5s", 5.5, null, "", "0x5"],
	aspect_ratio: ["16:9", "9:16", "1:1", "4:3", null, 1],
	mode: ["std", "pro", "PRO", null],
	multi_shots: [true, false, "True", null, "no"],
	multi_prompt: [[], [shot], Array(6).fill(shot), [{ prompt: "a" }], null],
	kling_elements: [[], [element], [{ ...element, name: "a b" }], null],
	seed: [1],
};
const names = Object.keys(fields) as (keyof typeof fields)[];
const anyInput = fc
	.subarray(names, { maxLength: 3 })
	.chain((some) =>
		fc.record(
			Object.fromEntries(
				some.map((name) => [name, fc.constantFrom<unknown>(...fields[name])]),
			),
		),
	)
	.map((input) => ({ prompt: "a", ...input }));

describe("the input's schema", () => {
	it("allows whatever is taken, and what is made of it", () => {
		let taken = 0;
		fc.assert(
			fc.property(anyInput, (raw) => {
				const parsed = action.parseInput(raw, checks);
				if (!parsed.ok) return;
				taken += 1;

				expect(validate(raw), JSON.stringify(raw)).toBe(true);
				expect(validate(parsed.input)).toBe(true);
			}),
			{ numRuns: 3_000 },
		);
		expect(taken).toBeGreaterThan(100);
	});

	it.each(names)(
		"refuses in %s what no rule between fields could save",
		(name) => {
			for (const value of fields[name]) {
				const raw = { prompt: "a", [name]: value };
				const parsed = action.parseInput(raw, checks);
				const codes = parsed.ok ? [] : parsed.violations.map((one) => one.code);
				const isOfOneField = codes.every((code) =>
					/^(wrong_type|out_of_range|not_|too_m|too_f|bad_name|unknown_field)/.test(
						code,
					),
				);
				if (parsed.ok || codes.includes("not_allowed") || !isOfOneField)
					continue;
				expect(validate(raw), JSON.stringify(raw)).toBe(false);
			}
		},
	);

	it("tells every field that there is", () => {
		const normalised = action.parseInput({ prompt: "a" }, checks);

		expect(Object.keys(action.inputSchema.properties ?? {})).toEqual(
			normalised.ok ? Object.keys(normalised.input) : [],
		);
	});
});
