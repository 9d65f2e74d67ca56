import { describe, expect, it } from "vitest";
import { see2aiVideoGenerationKling30V1 as action } from "../see2ai_video_generation_kling_3_0_v1.ts";

const checks = { isPublicHost: () => true };
const images = [
	"https://images.example.com/1.png",
	"https://images.example.com/2",
];
const dog = {
	name: "element_dog",
	description: "a dog",
	element_input_urls: images,
};
const cat = { ...dog, name: "cat-2" };

function violations(raw: object): string[] {
	const parsed = action.parseInput(raw, checks);
	if (parsed.ok) return [];
	return parsed.violations.map(({ code, pointer, suggestion = "" }) =>
		`${code} ${pointer} ${suggestion}`.trim(),
	);
}

describe("an element", () => {
	it.each([
		["no name", { ...dog, name: undefined }, "required /kling_elements/0/name"],
		["an empty name", { ...dog, name: "" }, "bad_name /kling_elements/0/name"],
		[
			"a name with a blank",
			{ ...dog, name: "my dog" },
			"bad_name /kling_elements/0/name my_dog",
		],
		[
			"a name of other letters",
			{ ...dog, name: "狗" },
			"bad_name /kling_elements/0/name",
		],
		[
			"a name with a line's end",
			{ ...dog, name: "dog\n" },
			"bad_name /kling_elements/0/name dog",
		],
		[
			"a number for a name",
			{ ...dog, name: 5 },
			"wrong_type /kling_elements/0/name",
		],
		[
			"a number for a description",
			{ ...dog, description: 5 },
			"wrong_type /kling_elements/0/description",
		],
		[
			"no images",
			{ ...dog, element_input_urls: null },
			"required /kling_elements/0/element_input_urls",
		],
		[
			"one image",
			{ ...dog, element_input_urls: images.slice(1) },
			"too_few /kling_elements/0/element_input_urls",
		],
		[
			"five images",
			{
				...dog,
				element_input_urls: [...images, ...images, ...images].slice(1),
			},
			"too_many /kling_elements/0/element_input_urls",
		],
		[
			"a broken image",
			{ ...dog, element_input_urls: [images[0], "x"] },
			"bad_url /kling_elements/0/element_input_urls/1",
		],
		[
			"a misspelt field",
			{ ...dog, element_input_url: "x" },
			"unknown_field /kling_elements/0/element_input_url element_input_urls",
		],
	])("is refused for %s", (_, element, violation) => {
		expect(violations({ prompt: "a", kling_elements: [element] })).toEqual([
			violation,
		]);
	});

	it("is refused for the name of an earlier one", () => {
		const raw = { prompt: "@element_dog", kling_elements: [dog, dog] };

		expect(violations(raw)).toEqual(["duplicate_name /kling_elements/1/name"]);
	});

	it("is one of three at most, with two to four images each", () => {
		const four = { ...dog, element_input_urls: [...images, ...images] };
		const third = { ...dog, name: "A_1" };
		const prompt = "@element_dog @cat-2 @A_1";

		expect(violations({ prompt, kling_elements: [four, cat, third] })).toEqual(
			[],
		);
		expect(
			violations({
				prompt,
				kling_elements: [four, cat, third, { ...dog, name: "d" }],
			}),
		).toEqual(["too_many /kling_elements"]);
	});
});

describe("a reference", () => {
	it.each([
		["@element_dog runs"],
		["a light through the window@element_dog"],
		["一只@element_dog在跑"],
		["(@element_dog), @element_dog."],
		["look@element_dog.Then it runs"],
	])("names its element in %j, which is then no warning", (prompt) => {
		const parsed = action.parseInput({ prompt, kling_elements: [dog] }, checks);

		expect(parsed).toMatchObject({ ok: true, warnings: [] });
	});

	it.each([
		["@element_dgo runs", "unknown_element /prompt @element_dog"],
		["@Element_Dog runs", "unknown_element /prompt @element_dog"],
		["@horse runs", "unknown_element /prompt"],
		["the window@horse", "unknown_element /prompt"],
		["@__proto__", "unknown_element /prompt"],
	])("to nothing is refused in %j", (prompt, violation) => {
		expect(
			violations({ prompt: `${prompt} @element_dog`, kling_elements: [dog] }),
		).toEqual([violation]);
	});

	it("is neither a mail address nor a bare sign", () => {
		expect(
			violations({ prompt: "a sign with me@shop.com, 3 @ 5 and @" }),
		).toEqual([]);
	});

	it("is not judged while the elements cannot be read", () => {
		expect(violations({ prompt: "@dog", kling_elements: 5 })).toEqual([
			"wrong_type /kling_elements",
		]);
	});

	it("is reported once for each name", () => {
		expect(violations({ prompt: "@a1 @b2 @a1" })).toEqual([
			"unknown_element /prompt",
			"unknown_element /prompt",
		]);
	});

	it.each([
		[2_500 - 37, true],
		[2_500 - 36, false],
	])("counts 37 beside %i characters of a prompt", (rest, isAccepted) => {
		const prompt = `${"x".repeat(rest - 1)} @element_dog`;

		expect(violations({ prompt, kling_elements: [dog] }).length === 0).toBe(
			isAccepted,
		);
	});

	it.each([
		[500 - 2 * 37, true],
		[500 - 2 * 37 + 1, false],
	])(
		"counts 37 each time beside %i characters of a shot",
		(rest, isAccepted) => {
			const prompt = `${"x".repeat(rest - 2)} @element_dog @element_dog`;
			const raw = {
				multi_shots: true,
				multi_prompt: [{ prompt, duration: 5 }],
				kling_elements: [dog],
			};

			expect(violations(raw)).toEqual(
				isAccepted ? [] : ["too_long /multi_prompt/0/prompt"],
			);
		},
	);
});

describe("an element that no prompt names", () => {
	const unused = [
		{
			code: "unused_element",
			pointer: "/kling_elements/1/name",
			message: 'No prompt names "@cat-2", so this element has no effect.',
		},
	];

	it("is a warning", () => {
		const raw = { prompt: "@element_dog", kling_elements: [dog, cat] };

		expect(action.parseInput(raw, checks)).toMatchObject({
			ok: true,
			warnings: unused,
		});
	});

	it("is sought in the shots when there are shots", () => {
		const raw = {
			multi_shots: true,
			multi_prompt: [{ prompt: "@element_dog", duration: 5 }],
			kling_elements: [dog, cat],
		};

		expect(action.parseInput(raw, checks)).toMatchObject({
			ok: true,
			warnings: unused,
		});
	});
});
