import { describe, expect, it } from "vitest";
import { see2aiVideoGenerationKling30V1 as action } from "../see2ai_video_generation_kling_3_0_v1.ts";

const checks = { isPublicHost: () => true };
const image = "https://images.example.com/a.png";
const shot = (duration: unknown, prompt: unknown = "a dog") => ({
	prompt,
	duration,
});

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

function warn(raw: unknown): unknown {
	const parsed = action.parseInput(raw, checks);
	return (
		parsed.ok &&
		parsed.warnings.map(({ code, pointer }) => `${code} ${pointer}`)
	);
}

describe("multi_shots false", () => {
	it.each([
		[{}, ["required /prompt"]],
		[{ prompt: null }, ["required /prompt"]],
		[{ prompt: " \n" }, ["required /prompt"]],
		[{ image_urls: [image] }, ["required /prompt"]],
		[{ prompt: 5 }, ["wrong_type /prompt"]],
		[{ prompt: "a\u0000" }, ["bad_text /prompt"]],
		[{ prompt: "a\ud83d" }, ["bad_text /prompt"]],
		[{ prompt: "a", multi_prompt: [shot(5)] }, ["not_allowed /multi_prompt"]],
		[
			{ prompt: "a", multi_prompt: [shot(99)] },
			["out_of_range /multi_prompt/0/duration", "not_allowed /multi_prompt"],
		],
	])("refuses %j", (raw, violations) => {
		expect(parse(raw)).toEqual(violations);
	});

	it("accepts a prompt of exactly 2500 characters, emoji counted as one", () => {
		expect(parse({ prompt: "🐶".repeat(2_500) })).toMatchObject({
			duration: "5",
		});
		expect(parse({ prompt: "🐶".repeat(2_501) })).toEqual(["too_long /prompt"]);
	});
});

describe("multi_shots true", () => {
	it.each([
		["no shots", {}, ["required /multi_prompt"]],
		[
			"six shots",
			{ duration: 6, multi_prompt: Array.from({ length: 6 }, () => shot(1)) },
			["too_many /multi_prompt"],
		],
		[
			"a last frame",
			{ multi_prompt: [shot(5)], image_urls: [image, image] },
			["too_many /image_urls"],
		],
		[
			"silence",
			{ multi_prompt: [shot(5)], sound: false },
			["sound_required /sound true"],
		],
		[
			"a sum that is not the duration",
			{ duration: "5", multi_prompt: [shot(5), shot(3)] },
			["sum_mismatch /duration 8"],
		],
		[
			"a sum that is not the default duration",
			{ multi_prompt: [shot(4)] },
			["sum_mismatch /duration 4"],
		],
		[
			"a sum that no duration can be",
			{ duration: 15, multi_prompt: [shot(12), shot(12)] },
			["sum_mismatch /duration"],
		],
		[
			"a shot without a prompt",
			{ multi_prompt: [{ duration: 5 }] },
			["required /multi_prompt/0/prompt"],
		],
		[
			"a shot without a duration",
			{ multi_prompt: [{ prompt: "a" }] },
			["required /multi_prompt/0/duration"],
		],
		[
			"a shot that is a text",
			{ multi_prompt: ["a dog"] },
			["wrong_type /multi_prompt/0"],
		],
		[
			"a shot that is too short",
			{ multi_prompt: [shot(5), shot(0)] },
			["out_of_range /multi_prompt/1/duration"],
		],
		[
			"a shot that is too long",
			{ duration: 13, multi_prompt: [shot(13)] },
			["out_of_range /multi_prompt/0/duration"],
		],
		[
			"half a second",
			{ multi_prompt: [shot(4.5)] },
			["not_an_integer /multi_prompt/0/duration"],
		],
		[
			"a shot's long prompt",
			{ multi_prompt: [shot(5, "x".repeat(501))] },
			["too_long /multi_prompt/0/prompt"],
		],
		[
			"a shot's misspelt field",
			{ multi_prompt: [{ ...shot(5), promt: "a" }] },
			["unknown_field /multi_prompt/0/promt prompt"],
		],
	])("refuses %s", (_, given, violations) => {
		expect(parse({ multi_shots: true, ...given })).toEqual(violations);
	});

	it("accepts five shots of 500 characters, 12 seconds at most, adding up to 15", () => {
		const long = "x".repeat(500);
		const shots = [shot(11, long), shot(1), shot(1), shot(1), shot(1)];

		expect(
			parse({ multi_shots: true, duration: 15, multi_prompt: shots }),
		).toMatchObject({ multi_prompt: shots });
		expect(
			parse({ multi_shots: true, duration: 12, multi_prompt: [shot(12)] }),
		).toMatchObject({ sound: true });
	});

	it("warns that a prompt beside the shots is not read", () => {
		const raw = { multi_shots: true, prompt: "a dog", multi_prompt: [shot(5)] };

		expect(warn(raw)).toEqual(["ignored_prompt /prompt"]);
	});
});
