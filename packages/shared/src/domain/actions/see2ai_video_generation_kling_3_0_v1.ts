import { quote, type Violation } from "../violation.ts";
import type { Action, InputChecks, JsonObject, ParsedInput } from "./action.ts";
import {
	type Field,
	isAbsent,
	readBoolean,
	readChoice,
	readInteger,
	readItems,
	readMembers,
	refuse,
} from "./field.ts";
import { readImageUrl } from "./image-url.ts";
import { type Elements, readElements } from "./kling-3-0/elements.ts";
import { describeInput } from "./kling-3-0/input-schema.ts";
import {
	aspectRatios,
	defaultSeconds,
	imageLimit,
	modes,
	promptLimit,
	videoSeconds,
} from "./kling-3-0/limits.ts";
import { type Prompt, readPrompt } from "./kling-3-0/prompt.ts";
import { readShots, type Shots } from "./kling-3-0/shots.ts";

const name = "see2ai_video_generation_kling_3_0_v1";

const fieldNames = [
	"prompt",
	"image_urls",
	"sound",
	"duration",
	"aspect_ratio",
	"mode",
	"multi_shots",
	"multi_prompt",
	"kling_elements",
] as const;
type FieldName = (typeof fieldNames)[number];
type Fields = Record<FieldName, Field>;

const aspectMeanings = { landscape: "16:9", portrait: "9:16", square: "1:1" };
const modeMeanings = { standard: "std", professional: "pro" };

const reserved = {
	callBackUrl:
		"Remove callBackUrl: the service sets its own. To be told of the result, use the job's webhook_url.",
};

/** Text, first frame, first and last frame, or several shots to one video, each with elements if wanted. */
export const see2aiVideoGenerationKling30V1: Action = {
	name,
	path: `/api/v1/actions/${name}`,
	parseInput,
	inputSchema: describeInput(),
	buildRequest: (input, callBackUrl) => ({
		prompt: input.prompt ?? null,
		image_urls: input.image_urls ?? [],
		// The provider makes multi-shot videos with sound only, and prices them so.
		sound: input.multi_shots === true || input.sound === true,
		duration: input.duration ?? String(defaultSeconds),
		aspect_ratio: input.aspect_ratio ?? "16:9",
		mode: input.mode ?? "pro",
		multi_shots: input.multi_shots === true,
		multi_prompt: input.multi_prompt ?? [],
		kling_elements: input.kling_elements ?? [],
		callBackUrl,
	}),
	describeMode(input) {
		if (input.multi_shots === true) return "multi_shot";
		const images = Array.isArray(input.image_urls) ? input.image_urls : [];
		if (images.length === 0) return "text";
		return images.length === 1 ? "first_frame" : "first_and_last_frame";
	},
	describePrice(input) {
		const seconds = Number(input.duration ?? defaultSeconds);
		const sound =
			input.multi_shots === true || input.sound === true ? "sound" : "silent";
		return {
			priceClass: `${input.mode ?? "pro"}/${seconds}s/${sound}`,
			videoSeconds: seconds,
		};
	},
};

function parseInput(raw: unknown, checks: InputChecks): ParsedInput {
	const violations: Violation[] = [];
	const report = (violation: Violation) => violations.push(violation);
	const root: Field = { value: raw, pointer: "", report };
	const fields = readMembers(root, { names: fieldNames, reserved });
	if (fields === undefined) return { ok: false, violations };
	const { input, warnings } = readInput(fields, checks);
	if (violations.length > 0) return { ok: false, violations };
	return { ok: true, input, warnings };
}

/** Reads every field and rule, reporting as it goes; the input is complete only if nothing was reported. */
function readInput(
	fields: Fields,
	checks: InputChecks,
): { input: JsonObject; warnings: Violation[] } {
	const isMulti = orDefault(fields.multi_shots, false, readBoolean);
	const elements = readElements(fields.kling_elements, checks);
	const elementNames = elements ? new Set(elements.names.keys()) : null;
	const rules = { limit: promptLimit, elementNames };
	const prompt = readPrompt(fields.prompt, rules);
	const shots = readShots(fields.multi_prompt, elementNames);
	const images = readItems(fields.image_urls, {
		max: isMulti === true ? 1 : imageLimit,
		unit: isMulti === true ? "image URLs with multi_shots" : "image URLs",
	})?.map((image) => readImageUrl(image, checks));
	const seconds = orDefault(fields.duration, defaultSeconds, (field) =>
		readInteger(field, videoSeconds),
	);
	const input = {
		prompt: prompt?.text ?? null,
		image_urls: images?.filter((url) => url !== undefined) ?? [],
		sound: readSound(fields.sound, isMulti),
		duration: String(seconds),
		aspect_ratio: orDefault(fields.aspect_ratio, "16:9", (field) =>
			readChoice(field, aspectRatios, aspectMeanings),
		),
		mode: orDefault(fields.mode, "pro", (field) =>
			readChoice(field, modes, modeMeanings),
		),
		multi_shots: isMulti,
		multi_prompt: shots?.shots ?? [],
		kling_elements: elements?.elements ?? [],
	};
	if (isMulti === false) refuseWithoutPrompt(fields, prompt, shots);
	if (isMulti === true) refuseWrongShots(fields, shots, seconds);
	const warnings = listWarnings(fields, { isMulti, prompt, shots, elements });
	return { input: input as JsonObject, warnings };
}

function orDefault<Value>(
	field: Field,
	fallback: Value,
	read: (field: Field) => Value | undefined,
): Value | undefined {
	return isAbsent(field) ? fallback : read(field);
}

function readSound(
	field: Field,
	isMulti: boolean | undefined,
): boolean | undefined {
	const sound = orDefault(field, isMulti === true, readBoolean);
	if (isMulti !== true || sound !== false) return sound;
	const message = "Remove sound or send true: multi-shot videos have sound.";
	return refuse(field, "sound_required", { message, suggestion: "true" });
}

function refuseWithoutPrompt(
	fields: Fields,
	prompt: Prompt | null | undefined,
	shots: Shots | undefined,
): void {
	if (prompt === null) {
		const message = `Describe the video, in 1 to ${promptLimit} characters.`;
		refuse(fields.prompt, "required", { message });
	}
	if (shots && !(shots.isWhole && shots.shots.length === 0)) {
		const message = "Set multi_shots to true, or remove multi_prompt.";
		refuse(fields.multi_prompt, "not_allowed", { message });
	}
}

/** The sum is compared only when all its parts could be read, so that one mistake is not reported twice. */
function refuseWrongShots(
	fields: Fields,
	shots: Shots | undefined,
	seconds: number | undefined,
): void {
	if (!shots?.isWhole) return;
	if (shots.shots.length === 0) {
		const message = "Send 1 to 5 shots, or set multi_shots to false.";
		refuse(fields.multi_prompt, "required", { message });
		return;
	}
	const sum = shots.shots.reduce((total, shot) => total + shot.duration, 0);
	if (seconds === undefined || sum === seconds) return;
	const isPossible = sum >= videoSeconds.min && sum <= videoSeconds.max;
	refuse(fields.duration, "sum_mismatch", {
		message: `Make the shots add up to duration: they take ${sum} seconds, and duration is ${seconds}.`,
		suggestion: isPossible ? String(sum) : null,
	});
}

/** What is allowed but probably not meant: an element that nothing names, and a prompt that nothing reads. */
function listWarnings(
	fields: Fields,
	read: {
		isMulti: boolean | undefined;
		prompt: Prompt | null | undefined;
		shots: Shots | undefined;
		elements: Elements | undefined;
	},
): Violation[] {
	const warnings: Violation[] = [];
	const used = read.isMulti ? read.shots?.references : read.prompt?.references;
	for (const [element, { pointer }] of read.elements?.names ?? []) {
		if (used?.has(element)) continue;
		const message = `No prompt names ${quote(`@${element}`)}, so this element has no effect.`;
		warnings.push({ pointer, code: "unused_element", message });
	}
	if (read.isMulti && read.prompt) {
		const { pointer } = fields.prompt;
		const message = "With multi_shots the provider reads multi_prompt only.";
		warnings.push({ pointer, code: "ignored_prompt", message });
	}
	return warnings;
}
