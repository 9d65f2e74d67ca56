import type { JsonObject } from "../action.ts";
import { imageUrlLimit } from "../image-url.ts";
import {
	aspectRatios,
	defaultSeconds,
	elementImages,
	elementLimit,
	imageLimit,
	modes,
	namePattern,
	promptLimit,
	shotLimit,
	shotPromptLimit,
	shotSeconds,
	videoSeconds,
} from "./limits.ts";

const imageUrl: JsonObject = {
	type: "string",
	maxLength: imageUrlLimit,
	pattern: "^[Hh][Tt][Tt][Pp][Ss]?://[^\\s\\\\]+$",
	description: "A public http or https URL of a jpg or png.",
};

/** The input as JSON Schema 2020-12, field by field. Null stands for the default everywhere. */
export function describeInput(): JsonObject {
	return {
		type: "object",
		additionalProperties: false,
		description:
			"Text, one or two images, or several shots to one video. Two rules join fields: without multi_shots there must be a prompt and no multi_prompt; with it, multi_prompt holds the shots, their durations add up to duration, there is at most one image, and sound is on.",
		properties: {
			prompt: {
				type: ["string", "null"],
				description: `What the video shows, in 1 to ${promptLimit} characters. @name stands for an element of kling_elements, and counts as 37.`,
			},
			image_urls: {
				type: ["array", "null"],
				maxItems: imageLimit,
				items: imageUrl,
				default: [],
				description: "The first frame, or the first and the last.",
			},
			sound: flag(
				"Whether the video has sound; with multi_shots it always has.",
			),
			duration: {
				...wholeNumber(videoSeconds),
				default: String(defaultSeconds),
				description: `Seconds, ${videoSeconds.min} to ${videoSeconds.max}.`,
			},
			aspect_ratio: choice(aspectRatios, "16:9"),
			mode: choice(modes, "pro"),
			multi_shots: flag("Whether multi_prompt tells the video shot by shot."),
			multi_prompt: {
				type: ["array", "null"],
				maxItems: shotLimit,
				items: describeShot(),
				default: [],
				description: "The shots, in their order.",
			},
			kling_elements: {
				type: ["array", "null"],
				maxItems: elementLimit,
				items: describeElement(),
				default: [],
				description: "Persons and things that prompts name with @name.",
			},
		},
	};
}

function describeShot(): JsonObject {
	return {
		type: "object",
		additionalProperties: false,
		required: ["prompt", "duration"],
		properties: {
			prompt: {
				type: "string",
				minLength: 1,
				description: `What this shot shows, in 1 to ${shotPromptLimit} characters.`,
			},
			duration: {
				...wholeNumber(shotSeconds, ["string", "integer"]),
				description: `Seconds, ${shotSeconds.min} to ${shotSeconds.max}.`,
			},
		},
	};
}

function describeElement(): JsonObject {
	return {
		type: "object",
		additionalProperties: false,
		required: ["name", "element_input_urls"],
		properties: {
			name: {
				type: "string",
				pattern: namePattern.source,
				description: "What a prompt calls it, behind an @.",
			},
			description: {
				type: ["string", "null"],
				description: "The name, if it is not said.",
			},
			element_input_urls: {
				type: "array",
				minItems: elementImages.min,
				maxItems: elementImages.max,
				items: imageUrl,
				description: "Images that show it.",
			},
		},
	};
}

/** A number, or its digits: `pattern` speaks of texts only, `minimum` and `maximum` of numbers only. */
function wholeNumber(
	{ min, max }: { min: number; max: number },
	type: string[] = ["string", "integer", "null"],
): JsonObject {
	const numbers = Array.from({ length: max - min + 1 }, (_, n) => min + n);
	const pattern = `^\\s*0*(${numbers.join("|")})\\s*$`;
	return { type, pattern, minimum: min, maximum: max };
}

/** A boolean, or the words for it in any case. */
function flag(description: string): JsonObject {
	const pattern = "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$";
	return {
		type: ["boolean", "string", "null"],
		pattern,
		default: false,
		description,
	};
}

function choice(words: readonly string[], fallback: string): JsonObject {
	return {
		type: ["string", "null"],
		enum: [...words, null],
		default: fallback,
	};
}
