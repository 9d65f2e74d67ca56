import { describe, expect, it } from "vitest";
import type { JsonObject } from "./action.ts";
import { see2aiVideoGenerationKling30V1 as action } from "./see2ai_video_generation_kling_3_0_v1.ts";

const checks = { isPublicHost: (host: string) => host.endsWith(".com") };
const image = "https://images.example.com/a.png";
const shot = (duration: unknown, prompt: unknown = "a dog") => ({
	prompt,
	duration,
});
const element = (name: string) => ({
	name,
	description: "a dog",
	element_input_urls: [image, image],
});

const textInput: JsonObject = {
	prompt: "a dog",
	image_urls: [],
	sound: false,
	duration: "5",
	aspect_ratio: "16:9",
	mode: "pro",
	multi_shots: false,
	multi_prompt: [],
	kling_elements: [],
};

/** The accepted input, or each violation as "code pointer" with its suggestion. */
function parse(raw: unknown): unknown {
	const parsed = action.parseInput(raw, checks);
	if (parsed.ok) return parsed.input;
	return parsed.violations.map(({ code, pointer, suggestion }) =>
		suggestion === undefined
			? `${code} ${pointer}`
			: `${code} ${pointer} ${suggestion}`,
	);
}

describe("what is accepted is normalised", () => {
	it.each([
		["nothing but a prompt", {}, {}],
		[
			"null for every default",
			{
				image_urls: null,
				sound: null,
				duration: null,
				aspect_ratio: null,
				mode: null,
				multi_shots: null,
				multi_prompt: null,
				kling_elements: null,
			},
			{},
		],
		["a duration as a number", { duration: 5 }, {}],
		["a duration with blanks and zeros", { duration: " 05 " }, {}],
		["the shortest and the longest", { duration: "3" }, { duration: "3" }],
		["the longest as a number", { duration: 15 }, { duration: "15" }],
		[
			"booleans as words",
			{ sound: "TRUE", multi_shots: "false" },
			{ sound: true },
		],
		[
			"the other choices",
			{ mode: "std", aspect_ratio: "9:16" },
			{ mode: "std", aspect_ratio: "9:16" },
		],
		[
			"a first and a last frame",
			{ image_urls: [image, image] },
			{ image_urls: [image, image] },
		],
	])("%s", (_, given, normalised) => {
		expect(parse({ prompt: "a dog", ...given })).toEqual({
			...textInput,
			...normalised,
		});
	});

	it("shots, with sound and numbers of seconds", () => {
		const raw = {
			multi_shots: true,
			duration: 8,
			multi_prompt: [shot("5"), shot(3)],
			image_urls: [image],
		};

		expect(parse(raw)).toEqual({
			...textInput,
			prompt: null,
			image_urls: [image],
			sound: true,
			duration: "8",
			multi_shots: true,
			multi_prompt: [shot(5), shot(3)],
		});
	});

	it("elements, described by their name where they are not described", () => {
		const { description: _, ...undescribed } = element("dog");
		const raw = { prompt: "@dog runs", kling_elements: [undescribed] };

		expect(parse(raw)).toEqual({
			...textInput,
			prompt: "@dog runs",
			kling_elements: [{ ...undescribed, description: "dog" }],
		});
	});
});

describe("fields", () => {
	it.each([undefined, null, [], "a dog", 5, true])(
		"are those of an object, not of %j",
		(raw) => {
			expect(parse(raw)).toEqual(["wrong_type "]);
		},
	);

	it.each([
		["promt", "unknown_field /promt prompt"],
		["imageUrls", "unknown_field /imageUrls image_urls"],
		["multi_prompts", "unknown_field /multi_prompts multi_prompt"],
		["seed", "unknown_field /seed"],
		["a/b~c", "unknown_field /a~1b~0c"],
		["constructor", "unknown_field /constructor"],
		["toString", "unknown_field /toString"],
		["callBackUrl", "reserved_field /callBackUrl"],
	])("%s is refused", (name, violation) => {
		expect(parse({ prompt: "a dog", [name]: "x" })).toEqual([violation]);
	});

	it("__proto__ is refused and brings nothing in", () => {
		const raw: unknown = JSON.parse('{"__proto__":{"prompt":"a dog"}}');

		expect(parse(raw)).toEqual([
			"unknown_field /__proto__",
			"required /prompt",
		]);
	});

	it("are not inherited", () => {
		expect(parse(Object.create({ prompt: "a dog" }))).toEqual([
			"required /prompt",
		]);
	});

	it("beyond twenty unknown ones are counted", () => {
		const names = Array.from({ length: 5_000 }, (_, index) => [`z${index}`, 1]);
		const parsed = action.parseInput(
			{ prompt: "a", ...Object.fromEntries(names) },
			checks,
		);

		expect(parsed.ok === false && parsed.violations.length).toBe(21);
	});
});

describe("always", () => {
	it.each([
		[{ duration: 2 }, "out_of_range /duration"],
		[{ duration: "16" }, "out_of_range /duration"],
		[{ duration: 5.5 }, "not_an_integer /duration"],
		[{ duration: "five" }, "not_an_integer /duration"],
		[{ duration: "" }, "not_an_integer /duration"],
		[{ duration: "-5" }, "not_an_integer /duration"],
		[{ duration: "10s" }, "not_an_integer /duration 10"],
		[{ duration: "30 s" }, "not_an_integer /duration"],
		[{ duration: true }, "wrong_type /duration"],
		[{ duration: { toString: 1 } }, "wrong_type /duration"],
		[{ aspect_ratio: "16x9" }, "not_in_list /aspect_ratio 16:9"],
		[{ aspect_ratio: "portrait" }, "not_in_list /aspect_ratio 9:16"],
		[{ aspect_ratio: "4:3" }, "not_in_list /aspect_ratio"],
		[{ aspect_ratio: 1 }, "wrong_type /aspect_ratio"],
		[{ mode: "Pro" }, "not_in_list /mode pro"],
		[{ mode: "standard" }, "not_in_list /mode std"],
		[{ mode: "constructor" }, "not_in_list /mode"],
		[{ mode: null, sound: 1 }, "wrong_type /sound"],
		[{ sound: "yes" }, "wrong_type /sound"],
		[{ multi_shots: "no" }, "wrong_type /multi_shots"],
		[{ image_urls: image }, "wrong_type /image_urls"],
		[{ image_urls: [image, image, image] }, "too_many /image_urls"],
		[{ image_urls: [image, null] }, "wrong_type /image_urls/1"],
		[{ image_urls: ["https://10.0.0.1/a.png"] }, "private_host /image_urls/0"],
		[{ multi_prompt: {} }, "wrong_type /multi_prompt"],
		[{ kling_elements: "dog" }, "wrong_type /kling_elements"],
	])("%j is refused", (given, violation) => {
		expect(parse({ prompt: "a dog", ...given })).toEqual([violation]);
	});
});

describe("every violation", () => {
	it("is reported in one answer, each at its place and in plain words", () => {
		const raw = {
			multi_shots: true,
			sound: false,
			duration: "1",
			aspect_ratio: "16x9",
			mode: "Pro",
			image_urls: ["ftp://a.example.com", "https://me:pw@10.0.0.1/a.gif"],
			multi_prompt: [{ prompt: "@dgo", duration: 0, seconds: 3 }],
			kling_elements: [{ name: "dog", element_input_urls: [image] }, 5],
			seed: 1,
		};
		const parsed = action.parseInput(raw, checks);

		expect(parse(raw)).toEqual([
			"unknown_field /seed",
			"too_few /kling_elements/0/element_input_urls",
			"wrong_type /kling_elements/1",
			"unknown_field /multi_prompt/0/seconds",
			"unknown_element /multi_prompt/0/prompt @dog",
			"out_of_range /multi_prompt/0/duration",
			"too_many /image_urls",
			"bad_url /image_urls/0",
			"url_credentials /image_urls/1",
			"private_host /image_urls/1",
			"image_format /image_urls/1",
			"out_of_range /duration",
			"sound_required /sound true",
			"not_in_list /aspect_ratio 16:9",
			"not_in_list /mode pro",
		]);
		for (const { message } of parsed.ok ? [] : parsed.violations) {
			expect(message).toMatch(/^[A-Z].{10,200}[.?]$/);
		}
	});
});
