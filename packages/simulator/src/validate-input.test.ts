import { describe, expect, it } from "vitest";
import { validateInput } from "./validate-input.ts";

const image = "https://example.com/a.png";
const shots = [
	{ prompt: "A boat leaves", duration: 2 },
	{ prompt: "It returns", duration: "3" },
];
const dog = {
	name: "dog",
	description: "a dog",
	element_input_urls: [image, image],
};

describe("a request that can be rendered", () => {
	it("needs a prompt only and gets the published defaults", () => {
		expect(validateInput({ prompt: "A boat", unheard_of: 1 })).toEqual({
			ok: true,
			input: {
				prompt: "A boat",
				image_urls: [],
				sound: false,
				duration: "5",
				aspect_ratio: "16:9",
				mode: "pro",
				multi_shots: false,
				multi_prompt: [],
				kling_elements: [],
				callBackUrl: null,
			},
		});
	});

	it.each([
		["nulls", { prompt: "x", image_urls: null, sound: null, duration: null }],
		["first and last frame", { prompt: "x", image_urls: [image, image] }],
		["several shots", { multi_shots: true, multi_prompt: shots, sound: true }],
		["an element", { prompt: "@dog runs", kling_elements: [dog] }],
		["an address", { prompt: "mail me @home" }],
	])("may have %s", (_, body) => {
		expect(validateInput(body).ok).toBe(true);
	});

	it("has sound when it has several shots and does not say", () => {
		const valid = validateInput({ multi_shots: true, multi_prompt: shots });

		expect(valid).toMatchObject({ ok: true, input: { sound: true } });
	});
});

describe("a wrong type", () => {
	it("is a 422 that lists every field", () => {
		const refused = validateInput({
			prompt: 7,
			duration: 5,
			sound: "yes",
			image_urls: [image, image, image],
			multi_prompt: ["x"],
		});

		expect(refused).toMatchObject({ ok: false, status: 422 });
		if (refused.ok || refused.status !== 422) return;
		const found = refused.detail.map(({ loc, type }) => [loc.join("."), type]);
		expect(Object.fromEntries(found)).toEqual({
			"body.prompt": "string_type",
			"body.duration": "string_type",
			"body.sound": "bool_type",
			"body.image_urls": "too_long",
			"body.multi_prompt.0": "dict_type",
		});
	});

	it.each([[[]], ["text"], [null], [3]])("is a body like %j", (body) => {
		expect(validateInput(body)).toMatchObject({
			status: 422,
			detail: [{ loc: ["body"], type: "dict_type" }],
		});
	});
});

describe("a value that cannot be rendered", () => {
	it.each([
		[{}, "prompt is required"],
		[{ prompt: "  " }, "prompt is required"],
		[{ prompt: "x".repeat(2501) }, "at most 2500"],
		[{ prompt: "x", duration: "2" }, "duration must be"],
		[{ prompt: "x", duration: "16" }, "duration must be"],
		[{ prompt: "x", duration: "5.5" }, "duration must be"],
		[{ prompt: "x", aspect_ratio: "4:3" }, "aspect_ratio"],
		[{ prompt: "x", mode: "4k" }, "mode must be"],
		[{ prompt: "x", multi_prompt: shots }, "multi_prompt must be empty"],
		[{ multi_shots: true }, "1 to 5 shots"],
		[{ multi_shots: true, multi_prompt: shots, duration: "6" }, "add up"],
		[{ multi_shots: true, multi_prompt: shots, sound: false }, "sound"],
		[
			{ multi_shots: true, multi_prompt: shots, image_urls: [image, image] },
			"no last frame",
		],
		[
			{ multi_shots: true, multi_prompt: [{ prompt: "x", duration: 13 }] },
			"1 to 12",
		],
		[{ prompt: "@cat", kling_elements: [dog] }, "@cat names no element"],
		[{ prompt: "x", kling_elements: [dog, dog] }, "used twice"],
		[
			{
				prompt: "x",
				kling_elements: [{ ...dog, element_input_urls: [image] }],
			},
			"2 to 4 images",
		],
		[{ prompt: "x", image_urls: ["ftp://example.com/a"] }, "http(s)"],
		[{ prompt: "x", callBackUrl: "nowhere" }, "callBackUrl"],
	])("is refused with 400: %j", (body, says) => {
		expect(validateInput(body)).toMatchObject({
			status: 400,
			detail: expect.stringContaining(says),
		});
	});

	it("counts a reference to an element as 37 characters", () => {
		const rest = "x".repeat(2500 - 38);
		const body = { kling_elements: [dog] };

		const fits = validateInput({ ...body, prompt: `@dog ${rest}` });
		const tooLong = validateInput({ ...body, prompt: `@dog ${rest}x` });

		expect([fits.ok, tooLong.ok]).toEqual([true, false]);
	});
});
