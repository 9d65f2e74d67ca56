import type { JsonSchema } from "@reelay/shared/contracts/json-schema";
import type { OpenApiDocument } from "@reelay/shared/contracts/openapi/document";
import fc from "fast-check";

/** Texts that have broken a parser, a database or a log before, and any other. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
	fc.string({ unit: "binary" }),
	fc.string(),
	fc.constantFrom(
		...["", " ", "\u0000", "\ud800", "..", "%00", "__proto__", "constructor"],
		...["null", "-1", "1e309", "9".repeat(400), "' or 1=1 --", "\r\nx: y"],
		...["2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "+275760-09-13", "💥"],
	),
);

export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
	fc.jsonValue({ stringUnit: "binary", maxDepth: 4 }),
	anyText,
	fc.constantFrom(null, true, 0, -0, 1e308, 2 ** 53, -1, 0.1, [], {}),
);

/** Values that a schema of the document allows, or nearly: not every keyword is obeyed, and no rule between fields. */
export function arbitraryOf(
	schema: JsonSchema,
	document: OpenApiDocument,
): fc.Arbitrary<unknown> {
	const { $ref, anyOf, oneOf, enum: words, type } = schema;
	if (typeof $ref === "string") {
		const name = $ref.split("/").at(-1) ?? "";
		const part = document.components.schemas[name] as JsonSchema;
		return arbitraryOf(part, document);
	}
	if ("const" in schema) return fc.constant(schema.const);
	if (Array.isArray(words)) return fc.constantFrom(...words);
	const variants = (anyOf ?? oneOf) as JsonSchema[] | undefined;
	if (variants !== undefined) {
		return fc.oneof(...variants.map((one) => arbitraryOf(one, document)));
	}
	const types = (Array.isArray(type) ? type : [type]) as string[];
	return fc.oneof(...types.map((one) => ofType(one, schema, document)));
}

function ofType(
	type: string | undefined,
	schema: JsonSchema,
	document: OpenApiDocument,
): fc.Arbitrary<unknown> {
	switch (type) {
		case "null":
			return fc.constant(null);
		case "boolean":
			return fc.boolean();
		case "integer":
			return fc.integer(limits(schema, "minimum", "maximum"));
		case "number":
			return fc.double({
				...limits(schema, "minimum", "maximum"),
				noNaN: true,
			});
		case "string":
			return textOf(schema);
		case "array": {
			const { max = 5, ...rest } = limits(schema, "minItems", "maxItems");
			const items = (schema.items ?? {}) as JsonSchema;
			return fc.array(arbitraryOf(items, document), {
				...(rest.min === undefined ? {} : { minLength: rest.min }),
				maxLength: Math.min(max, 5),
			});
		}
		case "object":
			return objectOf(schema, document);
		default:
			return anyJson;
	}
}

const dayMs = 24 * 3_600_000;

function textOf(schema: JsonSchema): fc.Arbitrary<string> {
	const { format, pattern } = schema;
	if (format === "date-time") {
		// Around the present, so that a time to go back to is sometimes right.
		const min = new Date(Date.now() - 100 * dayMs);
		const max = new Date(Date.now() + dayMs);
		return fc
			.date({ min, max, noInvalidDate: true })
			.map((date) => date.toISOString());
	}
	if (format === "uri") return fc.webUrl();
	if (typeof pattern === "string") {
		return fc.stringMatching(new RegExp(pattern, "u"));
	}
	const { min = 0, max = 40 } = limits(schema, "minLength", "maxLength");
	const lengths = { minLength: min, maxLength: Math.min(max, 40) };
	return fc.oneof(
		fc.string(lengths),
		fc.constantFrom("https://example.com/a", "video.*", "whsec_x"),
	);
}

function objectOf(
	schema: JsonSchema,
	document: OpenApiDocument,
): fc.Arbitrary<unknown> {
	const { properties, additionalProperties, required } = schema;
	if (properties === undefined) {
		const values = additionalProperties as JsonSchema | undefined;
		const value = values ? arbitraryOf(values, document) : anyJson;
		return fc.dictionary(fc.string({ maxLength: 20 }), value, { maxKeys: 5 });
	}
	const fields = Object.entries(properties as Record<string, JsonSchema>);
	return fc.record(
		Object.fromEntries(
			fields.map(([name, field]) => [name, arbitraryOf(field, document)]),
		),
		{ requiredKeys: (required ?? []) as string[] },
	);
}

function limits(
	schema: JsonSchema,
	least: string,
	most: string,
): { min?: number; max?: number } {
	const min = schema[least];
	const max = schema[most];
	return {
		...(typeof min === "number" ? { min } : {}),
		...(typeof max === "number" ? { max } : {}),
	};
}

// What the type allows, and a store, a log or a comparison may still stumble over.
const hostileTexts = fc.constantFrom(
	...["\u0000", "a\u0000b", "\ud800", "a\udfffb", "\u202e", "\ufeff", "💥"],
	...["__proto__", "%", "'", "\\", "\n", "\u2028", "x".repeat(70_000)],
);
const hostileNumbers = fc.constantFrom(
	...[-1, -0, 0, 0.5, 2 ** 31, 2 ** 53, 1e21, 1e308, 5e-324],
);

/**
 * The same value with one part of it, wherever that is, taken out, doubled under a wrong name, made into anything, or,
 * most often, made into something hostile of its own type, so that it gets past the first check.
 */
export function mutated(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
	return fc
		.record({
			value: values,
			place: fc.nat(),
			way: fc.constantFrom(
				"remove",
				"add",
				"replace",
				"spoil",
				"spoil",
				"spoil",
			),
			other: anyJson,
			text: hostileTexts,
			number: hostileNumbers,
		})
		.map(({ value, place, way, other, text, number }) => {
			const copy = structuredClone({ root: value }) as Record<string, unknown>;
			const places = listPlaces(copy);
			const [holder, name] = places[place % places.length] ?? [copy, "root"];
			const before = holder[name];
			if (way === "remove" && holder !== copy) delete holder[name];
			else if (way === "add") addTo(before, text, other);
			else if (way === "replace") holder[name] = other;
			else if (typeof before === "string") holder[name] = text;
			else if (typeof before === "number") holder[name] = number;
			else addTo(before, text, text);
			return copy.root;
		});
}

/** Adds an item or a member to what can have one. */
function addTo(holder: unknown, name: string, value: unknown): void {
	if (Array.isArray(holder)) holder.push(value);
	else if (typeof holder === "object" && holder !== null) {
		Object.defineProperty(holder, name, { value, enumerable: true });
	}
}

type Place = [holder: Record<string, unknown>, name: string];

function listPlaces(holder: Record<string, unknown>): Place[] {
	return Object.keys(holder).flatMap((name): Place[] => {
		const inner = holder[name];
		return [
			[holder, name],
			...(typeof inner === "object" && inner !== null
				? listPlaces(inner as Record<string, unknown>)
				: []),
		];
	});
}
