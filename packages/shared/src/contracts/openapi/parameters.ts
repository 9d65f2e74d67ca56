import type { z } from "zod";
import type { JsonSchema } from "../json-schema.ts";
import type { Operation } from "../operations/operation.ts";
import type { Components } from "./components.ts";

/** The parameters of an operation: of its path, of its query, and its headers. */
export function parametersOf(
	{ path = {}, query, headers = {}, preferences = {}, examples }: Operation,
	components: Components,
): object[] {
	const [example] = examples;
	return [
		...Object.entries(path).map(([name, type]) =>
			parameter("path", name, {
				schema: components.schemaOf(type, "input"),
				required: true,
				example: example?.path?.[name],
			}),
		),
		...(query === undefined ? [] : queryOf(query, components)).map(
			([name, schema]) =>
				parameter("query", name, { schema, example: undefined }),
		),
		...Object.entries({ ...headers, ...preferences }).map(([name, type]) =>
			parameter("header", name, {
				schema: components.schemaOf(type, "input"),
				example: example?.headers?.[name],
			}),
		),
	];
}

/** No parameter of a query is required. Each is shown as what it is read as, for it always arrives as a text. */
function queryOf(
	query: z.ZodObject,
	components: Components,
): [string, JsonSchema][] {
	const { properties } = components.schemaOf(query, "output");
	return Object.entries(properties as Record<string, JsonSchema>);
}

function parameter(
	place: "path" | "query" | "header",
	name: string,
	rest: { schema: JsonSchema; required?: boolean; example: unknown },
): object {
	const { description, explode = false, ...schema } = rest.schema;
	const isList = schema.type === "array";
	return {
		name,
		in: place,
		...(rest.required === true ? { required: true } : {}),
		...(description === undefined ? {} : { description }),
		// A list with commas, if nothing else is said; giving the name several times is always understood.
		...(isList ? { style: "form", explode } : {}),
		schema,
		...(rest.example === undefined ? {} : { example: rest.example }),
	};
}
