import {
	defaultActionName,
	findAction,
} from "@reelay/shared/domain/actions/registry";
import { describe, expect, it } from "vitest";
import { createDemoJobs, describeInput, placeholderPictures } from "./jobs.ts";

const jobs = createDemoJobs(placeholderPictures);
const action = findAction(defaultActionName);

function parse(input: unknown) {
	const parsed = action?.parseInput(input, { isPublicHost: () => true });
	if (!parsed?.ok) throw new Error(JSON.stringify(parsed));
	return parsed;
}

const inputs = jobs.map(({ input }) => parse(input).input);

describe("the demo's jobs", () => {
	it.each(jobs)("are accepted without a warning: $name", ({ input }) => {
		expect(parse(input).warnings).toEqual([]);
	});

	it("have a name each", () => {
		expect(new Set(jobs.map(({ name }) => name)).size).toBe(jobs.length);
	});

	it("cover every way of working", () => {
		const ways = inputs.map((input) => action?.describeMode(input));

		expect(new Set(ways)).toEqual(
			new Set(["text", "first_frame", "first_and_last_frame", "multi_shot"]),
		);
		expect(inputs.some(hasElements)).toBe(true);
	});

	it("cover both modes, with and without sound", () => {
		const made = inputs.map(({ mode, sound }) => `${mode} ${sound}`);

		expect(new Set(made)).toEqual(
			new Set(["std true", "std false", "pro true", "pro false"]),
		);
	});

	it("ask for all three ratios with text, where the ratio is not a picture's", () => {
		const texts = inputs.filter(
			(input) => action?.describeMode(input) === "text",
		);

		expect(new Set(texts.map(({ aspect_ratio }) => aspect_ratio))).toEqual(
			new Set(["16:9", "9:16", "1:1"]),
		);
	});

	it("hold the shortest and the longest video", () => {
		const seconds = inputs.map(({ duration }) => Number(duration));

		expect(Math.min(...seconds)).toBe(3);
		expect(Math.max(...seconds)).toBe(15);
	});

	it("stay under the provider's rate of 20 in 10 seconds", () => {
		expect(jobs.length).toBeLessThanOrEqual(10);
	});

	it("use the pictures that were given", () => {
		const given = createDemoJobs([
			"https://a.example/1",
			"https://b.example/2",
		]);

		const text = JSON.stringify(given);

		expect(text).toContain("https://a.example/1");
		expect(text).toContain("https://b.example/2");
		expect(text).not.toContain("images.example.com");
	});
});

it("describes an input in a few words", () => {
	expect(
		describeInput({
			duration: "3",
			mode: "std",
			aspect_ratio: "9:16",
			sound: true,
		}),
	).toBe("9:16 std 3 s sound");
	expect(describeInput({ duration: "5", mode: "pro" })).toBe("pro 5 s");
});

function hasElements(input: Record<string, unknown>): boolean {
	return (input.kling_elements as unknown[]).length > 0;
}
