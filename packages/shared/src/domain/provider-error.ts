import type { JsonValue } from "./actions/action.ts";
import {
	asLayer,
	isSuccessCode,
	type Layer,
	listLayers,
	pick,
	readMember,
} from "./provider-layers.ts";
import { keepJson, keepText } from "./provider-text.ts";

/** Why the provider refused or failed, in its own words, together with what it says would repair the request. */
export type ProviderError = {
	code: string | null;
	message: string;
	status?: number;
	issues?: JsonValue;
	repair_options?: JsonValue;
	minimal_runnable_payload?: JsonValue;
};

const codeNames = ["failCode", "fail_code", "error_code", "errorCode", "code"];
const failureNames = ["failMsg", "fail_msg", "failMessage", "fail_message"];
const messageNames = ["error_message", "errorMessage", "message", "msg"];

/**
 * The error that an answer tells, from any of the forms in use: `failCode` and `failMsg`, `{error: {message}}`,
 * `{detail}` as a text, an object or FastAPI's list, `{message}`, `{msg}`. The fallback speaks where the answer does not.
 */
export function readProviderError(
	body: unknown,
	fallback: string,
): ProviderError {
	const layers = listErrorLayers(body);
	const issues = pick(layers, ["issues"], readHint);
	const details = pick(layers, ["detail"], readDetails);
	const repairs = pick(layers, ["repair_options"], readHint);
	const payload = pick(layers, ["minimal_runnable_payload"], readHint);
	return {
		code: pick(layers, codeNames, readCode),
		message: readErrorMessage(layers) ?? fallback,
		...withMember("issues", issues ?? details),
		...withMember("repair_options", repairs),
		...withMember("minimal_runnable_payload", payload),
	};
}

/** True where a body is about an error and nothing else, which is how a gateway refuses. */
export function hasErrorMember(body: unknown): boolean {
	const read = (value: unknown) => readObject(value) ?? readWords(value);
	const layers = listLayers(body);
	return (
		pick(layers, ["error", "detail"], read) !== null ||
		readErrorDetail(layers) !== null
	);
}

function readObject(value: unknown): object | null {
	const layer = asLayer(value);
	return layer !== null && Object.keys(layer).length > 0 ? layer : null;
}

/** `error` and `detail` may be objects, and are then more particular than what surrounds them. */
function listErrorLayers(body: unknown): Layer[] {
	return listLayers(body).flatMap((layer) => {
		const within = ["error", "detail"].flatMap((name) => {
			const inner = asLayer(readMember(layer, name));
			return inner === null ? [] : [inner];
		});
		return [...within, layer];
	});
}

function readErrorMessage(layers: Layer[]): string | null {
	return (
		pick(layers, failureNames, readWords) ??
		pick(layers, ["error"], readWords) ??
		readErrorDetail(layers) ??
		pick(layers, messageNames, readWords)
	);
}

function readErrorDetail(layers: Layer[]): string | null {
	return pick(layers, ["detail"], (value) => {
		const words = readWords(value);
		if (words !== null || !Array.isArray(value)) return words;
		const lines = value.slice(0, 5).flatMap((item: unknown) => {
			const layer = asLayer(item);
			if (layer === null) return readWords(item) ?? [];
			const text = readWords(readMember(layer, "msg"));
			const place = readMember(layer, "loc");
			const path = Array.isArray(place) ? place.map(readPlace).join(".") : "";
			return text === null ? [] : `${path}${path && ": "}${text}`;
		});
		return lines.length > 0 ? keepText(lines.join("; ")) : null;
	});
}

function readPlace(value: unknown): string {
	return typeof value === "string" || typeof value === "number"
		? keepText(String(value), 100)
		: "?";
}

/** An envelope's msg is "success" even where the task within it failed; that is no message to show. */
function readWords(value: unknown): string | null {
	if (typeof value !== "string") return null;
	const words = value.trim();
	if (words === "" || /^(success|succeeded|ok)\.?$/i.test(words)) return null;
	return keepText(words);
}

function readCode(value: unknown): string | null {
	if (typeof value !== "string" && typeof value !== "number") return null;
	const text = String(value).trim();
	const isNoError = /^\d+$/.test(text) && isSuccessCode(Number(text));
	return text === "" || isNoError ? null : keepText(text, 100);
}

function readHint(value: unknown): JsonValue | null {
	return typeof value === "object" && value !== null ? keepJson(value) : null;
}

function readDetails(value: unknown): JsonValue | null {
	return Array.isArray(value) && value.length > 0 ? keepJson(value) : null;
}

function withMember<Name extends string>(
	name: Name,
	value: JsonValue | null,
): { [key in Name]?: JsonValue } {
	if (value === null) return {};
	return { [name]: value } as { [key in Name]?: JsonValue };
}
