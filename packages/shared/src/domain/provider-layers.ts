import { parseProviderJson } from "./provider-json.ts";

/** One object of an answer's nested envelopes, read by own members only. */
export type Layer = Readonly<Record<string, unknown>>;

const innerNames = ["info", "output", "result", "response"];

/**
 * The objects of an answer that may hold its facts, the innermost and most particular first. The published output has one
 * layer; the upstream's envelope has `data` inside, and some answers hold one more object within. `param` is never among
 * them: it repeats the request.
 */
export function listLayers(body: unknown): Layer[] {
	const top = asLayer(body);
	if (top === null) return [];
	const enclosed = asLayer(readMember(top, "data"));
	return [enclosed, top].flatMap((layer) =>
		layer === null ? [] : [...listInner(layer), layer],
	);
}

function listInner(layer: Layer): Layer[] {
	return innerNames.flatMap((name) => {
		const inner = asLayer(readMember(layer, name));
		return inner === null ? [] : [inner];
	});
}

/** The value as an object, also where it arrives as a JSON text of one; else null. Never throws. */
export function asLayer(value: unknown): Layer | null {
	const object = typeof value === "string" ? parseJson(value) : value;
	if (typeof object !== "object" || object === null) return null;
	return Array.isArray(object) ? null : (object as Layer);
}

/** The parsed text, or undefined where it is no JSON that may be read. */
export function parseJson(text: string): unknown {
	const parsed = parseProviderJson(text);
	return "value" in parsed ? parsed.value : undefined;
}

/** An own member, so that a name like `constructor` never finds what the answer does not say. */
export function readMember(layer: Layer, name: string): unknown {
	return Object.hasOwn(layer, name) ? layer[name] : undefined;
}

/** The first of the names, in the first of the layers, whose value the reader accepts; else null. */
export function pick<Value>(
	layers: readonly Layer[],
	names: readonly string[],
	read: (value: unknown) => Value | null,
): Value | null {
	for (const layer of layers) {
		for (const name of names) {
			const value = read(readMember(layer, name));
			if (value !== null) return value;
		}
	}
	return null;
}

/** The envelope's own `code`, a number or its digits, or null. It speaks for the whole answer, as a status does. */
export function readEnvelopeCode(body: unknown): number | null {
	const top = asLayer(body);
	const code = top === null ? null : readMember(top, "code");
	if (typeof code === "number") return Number.isSafeInteger(code) ? code : null;
	if (typeof code !== "string" || !/^\s*\d{1,6}\s*$/.test(code)) return null;
	return Number(code);
}

/** True for the envelope codes that report no error: 200 and its family, and the 0 of older gateways. */
export function isSuccessCode(code: number): boolean {
	return code === 0 || (code >= 200 && code < 300);
}
