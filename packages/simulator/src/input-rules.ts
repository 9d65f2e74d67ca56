import type { PublishedInput, UncheckedInput } from "./video-input.ts";

const reference = /(?<![\w@])@([A-Za-z0-9_-]+)/g;
/** Upstream counts a reference to an element at this length, whatever its name. */
const referenceLength = 37;

/** Everything about a well-typed request that cannot be rendered, one sentence each. */
export function brokenRules(
	input: UncheckedInput,
	asSent: PublishedInput,
): string[] {
	return [
		...brokenScalars(input),
		...(input.multi_shots
			? brokenShots(input, asSent)
			: brokenSingle(input, asSent)),
		...brokenElements(input),
		...brokenReferences(input),
		...brokenUrls(input),
	];
}

function brokenScalars(input: UncheckedInput): string[] {
	const broken: string[] = [];
	if (!/^([3-9]|1[0-5])$/.test(input.duration))
		broken.push('duration must be a string from "3" to "15"');
	if (!["16:9", "9:16", "1:1"].includes(input.aspect_ratio))
		broken.push("aspect_ratio must be one of 16:9, 9:16, 1:1");
	if (!["std", "pro"].includes(input.mode))
		broken.push("mode must be std or pro");
	return broken;
}

function brokenSingle(input: UncheckedInput, asSent: PublishedInput): string[] {
	const broken: string[] = [];
	if (!input.prompt?.trim())
		broken.push("prompt is required when multi_shots is false");
	else if (countedLength(input.prompt) > 2500)
		broken.push("prompt must have at most 2500 characters");
	if (asSent.multi_prompt && asSent.multi_prompt.length > 0)
		broken.push("multi_prompt must be empty when multi_shots is false");
	return broken;
}

function brokenShots(input: UncheckedInput, asSent: PublishedInput): string[] {
	const broken: string[] = [];
	const shots = input.multi_prompt;
	if (shots.length < 1 || shots.length > 5)
		broken.push("multi_prompt must have 1 to 5 shots");
	let sum = 0;
	for (const [index, shot] of shots.entries()) {
		const { prompt, duration } = shot;
		if (typeof prompt !== "string" || !prompt.trim())
			broken.push(`multi_prompt[${index}].prompt is required`);
		else if (countedLength(prompt) > 500)
			broken.push(`multi_prompt[${index}].prompt must have at most 500`);
		// The contract leaves the type of a shot's duration open: both are taken.
		const seconds = typeof duration === "string" ? Number(duration) : duration;
		if (!isShotDuration(seconds))
			broken.push(`multi_prompt[${index}].duration must be 1 to 12`);
		else sum += seconds;
	}
	if (sum !== Number(input.duration))
		broken.push("the durations of multi_prompt must add up to duration");
	if (input.image_urls.length > 1)
		broken.push("multi_shots takes no last frame: image_urls at most 1");
	if (asSent.sound === false)
		broken.push("sound cannot be false when multi_shots is true");
	return broken;
}

function isShotDuration(seconds: unknown): seconds is number {
	return Number.isInteger(seconds) && Number(seconds) >= 1
		? Number(seconds) <= 12
		: false;
}

function brokenElements(input: UncheckedInput): string[] {
	const broken: string[] = [];
	const elements = input.kling_elements;
	if (elements.length > 3)
		broken.push("kling_elements must have at most 3 elements");
	const names = new Set<unknown>();
	for (const [index, element] of elements.entries()) {
		const at = `kling_elements[${index}]`;
		const { name, element_input_urls: urls } = element;
		if (typeof name !== "string" || !/^[A-Za-z0-9_-]+$/.test(name))
			broken.push(`${at}.name must be letters, digits, _ or -`);
		if (names.has(name)) broken.push(`${at}.name is used twice`);
		names.add(name);
		if (!Array.isArray(urls) || urls.length < 2 || urls.length > 4)
			broken.push(`${at}.element_input_urls must have 2 to 4 images`);
	}
	return broken;
}

/** Without elements an "@" is plain text, such as an address in a prompt. */
function brokenReferences(input: UncheckedInput): string[] {
	if (input.kling_elements.length === 0) return [];
	const names = new Set(input.kling_elements.map((element) => element.name));
	const texts = input.multi_shots
		? input.multi_prompt.map((shot) => String(shot.prompt ?? ""))
		: [input.prompt ?? ""];
	const unknown = texts
		.flatMap((text) => [...text.matchAll(reference)])
		.map((match) => match[1])
		.filter((name) => !names.has(name));
	return unknown.map((name) => `@${name} names no element`);
}

function brokenUrls(input: UncheckedInput): string[] {
	const images = [
		...input.image_urls,
		...input.kling_elements.flatMap((element) =>
			Array.isArray(element.element_input_urls)
				? element.element_input_urls
				: [],
		),
	];
	const broken = images
		.filter((url) => !isHttpUrl(url))
		.map((url) => `not a public http(s) URL: ${String(url).slice(0, 100)}`);
	// The address is a secret of the client's: it is not echoed.
	if (input.callBackUrl !== null && !isHttpUrl(input.callBackUrl))
		broken.push("callBackUrl must be an http(s) URL");
	return broken;
}

function isHttpUrl(value: unknown): boolean {
	if (typeof value !== "string" || !URL.canParse(value)) return false;
	return ["http:", "https:"].includes(new URL(value).protocol);
}

function countedLength(text: string): number {
	return [...text.replaceAll(reference, "x".repeat(referenceLength))].length;
}
