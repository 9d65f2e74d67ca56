import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "./action.ts";
import { see2aiVideoGenerationKling30V1 as action } from "./see2ai_video_generation_kling_3_0_v1.ts";

const checks = { isPublicHost: (host: string) => host.endsWith(".com") };
const image = "https://images.example.com/a.png";
const shot = (duration: number) => ({ prompt: "a dog", duration });

function accept(raw: unknown): JsonObject {
	const parsed = action.parseInput(raw, checks);
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
	return parsed.input;
}

describe("buildRequest and describeMode", () => {
	const shots = { multi_shots: true, multi_prompt: [shot(5)] };

	it.each([
		["text", { prompt: "a" }],
		["first_frame", { prompt: "a", image_urls: [image] }],
		["first_and_last_frame", { prompt: "a", image_urls: [image, image] }],
		["multi_shot", shots],
		["multi_shot", { ...shots, image_urls: [image] }],
	])("send the ten documented fields for %s", (mode, raw) => {
		const input = accept(raw);

		const request = action.buildRequest(input, "https://hooks.example.com/c");

		expect(request).toEqual({
			...input,
			callBackUrl: "https://hooks.example.com/c",
		});
		expect(Object.keys(request)).toHaveLength(10);
		expect(action.describeMode(input)).toBe(mode);
	});

	it("send sound with shots, and nothing that is not documented", () => {
		const input: JsonObject = { ...shots, sound: false, seed: 1 };

		const request = action.buildRequest(input, "https://hooks.example.com/c");

		expect(request.sound).toBe(true);
		expect(request).not.toHaveProperty("seed");
	});
});

describe("any input", () => {
	const asText = (value: number) =>
		fc.constantFrom<unknown>(value, `${value}`, ` 0${value}`);
	const images = (max: number) =>
		fc.option(
			fc.array(fc.constantFrom(image, "https://b.example.com/x"), {
				maxLength: max,
			}),
		);
	const choices = {
		aspect_ratio: fc.option(fc.constantFrom("16:9", "9:16", "1:1")),
		mode: fc.option(fc.constantFrom("std", "pro")),
		kling_elements: fc.option(
			fc
				.subarray(["dog", "cat"])
				.map((names) =>
					names.map((name) => ({ name, element_input_urls: [image, image] })),
				),
		),
	};
	const single = fc.record(
		{
			...choices,
			prompt: fc
				.string({ minLength: 1 })
				.map((text) => `a ${text.replaceAll("@", "")}`),
			image_urls: images(2),
			sound: fc.option(fc.constantFrom<unknown>(true, false, "true", "false")),
			duration: fc.option(fc.integer({ min: 3, max: 15 }).chain(asText)),
			multi_shots: fc.option(fc.constantFrom<unknown>(false, "FALSE")),
		},
		{ requiredKeys: ["prompt"] },
	);
	const multi = fc
		.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 5 })
		.chain((lengths) =>
			fc.record(
				{
					...choices,
					image_urls: images(1),
					sound: fc.option(fc.constantFrom<unknown>(true, "True")),
					duration: asText(lengths.reduce((sum, length) => sum + length, 0)),
					multi_shots: fc.constantFrom<unknown>(true, "true"),
					multi_prompt: fc.constant(lengths.map(shot)),
				},
				{ requiredKeys: ["duration", "multi_shots", "multi_prompt"] },
			),
		);
	const valid = fc
		.oneof(single, multi)
		.map((raw) => raw as Record<string, unknown>);

	it("is accepted when it keeps the rules, and then parses to itself", () => {
		fc.assert(
			fc.property(valid, (raw) => {
				const input = accept(raw);

				expect(accept(input)).toEqual(input);
				expect(accept(JSON.parse(JSON.stringify(input)))).toEqual(input);
			}),
		);
	});

	it("is answered, never thrown at, when one field of it is anything at all", () => {
		const name = fc.constantFrom(
			"prompt",
			"image_urls",
			"sound",
			"duration",
			"aspect_ratio",
			"mode",
			"multi_shots",
			"multi_prompt",
			"kling_elements",
			"__proto__",
			"seed",
		);
		const value = fc.oneof(
			fc.anything(),
			fc.array(
				fc.dictionary(
					fc.constantFrom("prompt", "duration", "name", "element_input_urls"),
					fc.anything(),
				),
			),
		);
		fc.assert(
			fc.property(valid, name, value, (raw, field, given) => {
				const parsed = action.parseInput({ ...raw, [field]: given }, checks);

				if (parsed.ok) expect(accept(parsed.input)).toEqual(parsed.input);
				else expect(parsed.violations.length).toBeGreaterThan(0);
			}),
			{ numRuns: 500 },
		);
	});

	it("is answered, never thrown at, whatever it is", () => {
		fc.assert(
			fc.property(fc.anything(), (raw) => {
				expect(action.parseInput(raw, checks).ok).toBe(false);
			}),
		);
	});

	it.each([
		[
			"an element of hidden methods",
			'{"prompt":{"toString":1},"duration":{"toString":1},"mode":{"valueOf":1},"kling_elements":[{"name":{"toString":1}}]}',
		],
		[
			"deep nesting",
			`{"prompt":"a","image_urls":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
		],
		["a long list", `{"prompt":"a","image_urls":[${"0,".repeat(50_000)}0]}`],
	])("is survived: %s", (_, text) => {
		const parsed = action.parseInput(JSON.parse(text), checks);

		expect(parsed.ok).toBe(false);
	});
});
