import type { z } from "zod";
import { actionInputDefs } from "../action-input.ts";
import { type JsonSchema, toJsonSchema } from "../json-schema.ts";

/** The named parts of a document: each is written once, and everything else refers to it. */
export type Components = {
	schemas: Record<string, JsonSchema>;
	/** The schema for use in the document; its named parts are added. Two parts of one name must be the same. */
	schemaOf(type: z.ZodType, io: "input" | "output"): JsonSchema;
	responses: Record<string, object>;
};

/** Components that hold the inputs of the actions, and nothing else yet. */
export function createComponents(): Components {
	const schemas: Components["schemas"] = {};
	function add(defs: Readonly<Record<string, JsonSchema>>): void {
		for (const [name, definition] of Object.entries(defs)) {
			const schema = inDocument(definition);
			const known = JSON.stringify(schemas[name] ?? schema);
			if (known !== JSON.stringify(schema)) {
				throw new Error(`two schemas are called ${name}`);
			}
			schemas[name] = schema;
		}
	}
	add(actionInputDefs);
	return {
		schemas,
		schemaOf(type, io) {
			const { schema, defs } = toJsonSchema(type, io);
			add(defs);
			return inDocument(schema);
		},
		responses: {},
	};
}

/** OpenAPI keeps its named parts elsewhere than JSON Schema does. */
function inDocument(schema: JsonSchema): JsonSchema {
	const text = JSON.stringify(schema);
	return JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/'));
}
