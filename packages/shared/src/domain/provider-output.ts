import {
	asLayer,
	type Layer,
	parseJson,
	pick,
	readMember,
} from "./provider-layers.ts";
import { keepText } from "./provider-text.ts";
import { type ResultHosts, refuseResultUrl } from "./result-url.ts";

/** What the provider says of a task, under the names of its published output. What it does not say is null. */
export type ProviderOutput = {
	task_id: string | null;
	state: string | null;
	result_urls: string[];
	cost_points: number | null;
	cost_time_ms: number | null;
	model: string | null;
	source: string | null;
	input_tokens: number | null;
	output_tokens: number | null;
	total_tokens: number | null;
	provider_config_id: number | null;
};

// The numbers go into 4-byte columns; whatever is larger is no plausible cost, count or duration.
const numberLimit = 2_147_483_647;
const idLimit = 200;
// Signed URLs are long, and one video has one URL; the bounds are for what is not a result at all.
const urlLimit = 8192;
const urlCountLimit = 20;

const urlNames = ["result_urls", "resultUrls", "result_url", "resultUrl"];
const jsonNames = ["resultJson", "result_json"];

/**
 * The facts of an answer's layers, without its URLs: those are read apart, because they mean something only beside a
 * state of success. `consumeCredits` is not read as a cost: those are the upstream's credits, not the tenant's points.
 */
export function readOutput(
	layers: readonly Layer[],
	state: string | null,
): ProviderOutput {
	const count = (name: string) => pick(layers, [name], readCount);
	return {
		task_id: readTaskId(layers),
		state,
		result_urls: [],
		cost_points: pick(layers, ["cost_points", "costPoints"], readCount),
		cost_time_ms: readCostTimeMs(layers),
		model: pick(layers, ["model"], readShortText),
		source: pick(layers, ["source"], readShortText),
		input_tokens: count("input_tokens"),
		output_tokens: count("output_tokens"),
		total_tokens: count("total_tokens"),
		provider_config_id: count("provider_config_id"),
	};
}

/** The URLs that may be handed on, and why another one may not. */
export type ResultUrls = { urls: string[]; refusal: string | null };

/**
 * Every URL that a browser could fetch without our credentials or someone else's, from a host that results may come
 * from, in order, each once.
 */
export function readResultUrls(
	layers: readonly Layer[],
	hosts: ResultHosts,
): ResultUrls {
	const within = layers.flatMap((layer) =>
		jsonNames.flatMap((name): Layer[] => {
			const result = asLayer(readMember(layer, name));
			return result === null ? [] : [result];
		}),
	);
	const named = [...layers, ...within].flatMap((layer) =>
		urlNames.flatMap((name) => listTexts(readMember(layer, name))),
	);
	const judged = [...new Set(named)].flatMap((text) => {
		const url = parseUsableUrl(text);
		return url === null ? [] : { text, refusal: refuseResultUrl(url, hosts) };
	});
	return {
		urls: judged
			.filter(({ refusal }) => refusal === null)
			.map(({ text }) => text)
			.slice(0, urlCountLimit),
		refusal: judged.find(({ refusal }) => refusal !== null)?.refusal ?? null,
	};
}

/** A list, a list in a JSON text, or one URL; items may be objects with a `url`. */
function listTexts(value: unknown): string[] {
	const isListText = typeof value === "string" && /^\s*\[/.test(value);
	const list = isListText ? parseJson(value) : value;
	const items: unknown[] = Array.isArray(list) ? list : [list];
	return items.slice(0, urlCountLimit * 5).flatMap((item) => {
		const layer = typeof item === "string" ? null : asLayer(item);
		const text = layer === null ? item : readMember(layer, "url");
		return typeof text === "string" ? [text.trim()] : [];
	});
}

function parseUsableUrl(text: string): URL | null {
	if (text.length > urlLimit || !/^https?:\/\//i.test(text)) return null;
	if (/[\s\p{Control}\p{Surrogate}\\]/u.test(text)) return null;
	// What was taken for a secret and removed leads nowhere.
	if (text.includes("[redacted]") || !URL.canParse(text)) return null;
	const url = new URL(text);
	return url.username === "" && url.password === "" ? url : null;
}

/** A bare `id` is the last resort, and not read beside an error, where it is more likely the request's. */
function readTaskId(layers: readonly Layer[]): string | null {
	const id = pick(layers, ["task_id", "taskId"], readId);
	const isError = ["error", "detail"].some(
		(name) => pick(layers, [name], (value) => value ?? null) !== null,
	);
	return id ?? (isError ? null : pick(layers, ["id"], readId));
}

function readId(value: unknown): string | null {
	if (typeof value === "number" && Number.isSafeInteger(value)) {
		return String(value);
	}
	if (typeof value !== "string") return null;
	const id = value.trim();
	// A cut or repaired id would be another task's, so an odd one is no id at all.
	return id !== "" && id.length <= idLimit && keepText(id) === id ? id : null;
}

/** The published `cost_time` is in milliseconds; the upstream's `costTime` is in seconds. */
function readCostTimeMs(layers: readonly Layer[]): number | null {
	const milliseconds = pick(layers, ["cost_time", "cost_time_ms"], readCount);
	if (milliseconds !== null) return milliseconds;
	return pick(layers, ["costTime"], (value) => {
		const seconds = readNumber(value);
		return seconds === null ? null : readCount(seconds * 1000);
	});
}

/** A whole number of something, rounded up so that a cost is never understated. */
function readCount(value: unknown): number | null {
	const number = readNumber(value);
	return number !== null && number <= numberLimit ? Math.ceil(number) : null;
}

function readNumber(value: unknown): number | null {
	const isDigits =
		typeof value === "string" && /^\s*\d{1,15}(\.\d{1,15})?\s*$/.test(value);
	const number = isDigits ? Number(value) : value;
	if (typeof number !== "number" || !Number.isFinite(number)) return null;
	return number >= 0 ? number : null;
}

function readShortText(value: unknown): string | null {
	if (typeof value !== "string" || value.trim() === "") return null;
	return keepText(value.trim(), idLimit);
}
