import { z } from "zod";

/** A JSON Schema, as far as this file looks into one. */
export type JsonSchema = { [keyword: string]: unknown };

/** A schema that refers to its named parts as `#/$defs/<name>`, and these parts. */
export type NamedSchemas = {
	schema: JsonSchema;
	defs: Record<string, JsonSchema>;
};

/**
 * The JSON Schema 2020-12 of what a zod schema takes (`input`) or of what an answer holds (`output`). What has a meta id
 * becomes a named part. An answer may gain fields, so its schema is open where zod's is strict.
 */
export function toJsonSchema(
	type: z.ZodType,
	io: "input" | "output",
): NamedSchemas {
	const { $schema, $defs, ...schema } = z.toJSONSchema(type, {
		io,
		// The meta of what zod cannot put into words is all that is told of it.
		unrepresentable: "any",
		override: ({ jsonSchema }) => tidy(jsonSchema as JsonSchema, io),
	}) as JsonSchema;
	return { schema, defs: ($defs ?? {}) as NamedSchemas["defs"] };
}

const safe = Number.MAX_SAFE_INTEGER;

/** Leaves out what says nothing to a reader: the format's own pattern, and the bounds of whole numbers in JavaScript. */
function tidy(schema: JsonSchema, io: "input" | "output"): void {
	if (schema.format !== undefined) delete schema.pattern;
	if (schema.minimum === -safe) delete schema.minimum;
	if (schema.maximum === safe) delete schema.maximum;
	if (schema.propertyNames !== undefined && io === "output")
		delete schema.propertyNames;
	if (io === "output" && saysNothing(schema.additionalProperties))
		delete schema.additionalProperties;
}

function saysNothing(extra: unknown): boolean {
	return extra === false || JSON.stringify(extra) === "{}";
}
