import type { z } from "zod";
import { brokenRules } from "./input-rules.ts";
import {
	type PublishedInput,
	publishedInput,
	type UncheckedInput,
	type VideoInput,
} from "./video-input.ts";

/** One entry of a FastAPI validation error. */
export type FieldError = {
	type: string;
	loc: (string | number)[];
	msg: string;
	input: unknown;
};

export type Validation =
	| { ok: true; input: VideoInput }
	| { ok: false; status: 422; detail: FieldError[] }
	| { ok: false; status: 400; detail: string };

/**
 * Wrong types are a 422 with FastAPI's list; right types with values that cannot
 * be rendered are a 400 with one sentence for each mistake. Unknown fields are
 * ignored, as the published model ignores them.
 */
export function validateInput(body: unknown): Validation {
	const parsed = publishedInput.safeParse(body);
	if (!parsed.success) {
		const detail = parsed.error.issues.map((issue) => fieldError(issue, body));
		return { ok: false, status: 422, detail };
	}
	const input = withDefaults(parsed.data);
	const broken = brokenRules(input, parsed.data);
	if (broken.length > 0)
		return { ok: false, status: 400, detail: broken.join("; ") };
	// The rules have just proven aspect_ratio and mode to be in their lists.
	return { ok: true, input: input as VideoInput };
}

function withDefaults(body: PublishedInput): UncheckedInput {
	const multiShots = body.multi_shots ?? false;
	return {
		prompt: body.prompt ?? null,
		image_urls: body.image_urls ?? [],
		// Multi-shot renders always carry sound upstream.
		sound: body.sound ?? multiShots,
		duration: body.duration ?? "5",
		aspect_ratio: body.aspect_ratio ?? "16:9",
		mode: body.mode ?? "pro",
		multi_shots: multiShots,
		multi_prompt: body.multi_prompt ?? [],
		kling_elements: body.kling_elements ?? [],
		callBackUrl: body.callBackUrl ?? null,
	};
}

const typeErrors: Record<string, [type: string, msg: string]> = {
	string: ["string_type", "Input should be a valid string"],
	boolean: ["bool_type", "Input should be a valid boolean"],
	array: ["list_type", "Input should be a valid list"],
	object: ["dict_type", "Input should be a valid dictionary"],
};

function fieldError(issue: z.core.$ZodIssue, body: unknown): FieldError {
	const path = issue.path.map((key) =>
		typeof key === "symbol" ? String(key) : key,
	);
	const input = path.reduce<unknown>(
		(value, key) => (value as Record<string | number, unknown>)[key],
		body,
	);
	const at = { loc: ["body", ...path], input };
	if (issue.code === "invalid_type") {
		const [type, msg] = typeErrors[issue.expected] ?? ["value_error", "bad"];
		return { type, ...at, msg };
	}
	if (issue.code === "too_big" && Array.isArray(input)) {
		const msg = `List should have at most ${issue.maximum} items after validation, not ${input.length}`;
		return { type: "too_long", ...at, msg };
	}
	return { type: "value_error", ...at, msg: issue.message };
}
