import {
	type JsonSchema,
	type NamedSchemas,
	toJsonSchema,
} from "@reelay/shared/contracts/json-schema";
import type { Operation } from "@reelay/shared/contracts/operations/operation";

/** A parameter of the path, of the query or of the headers. */
export type Parameter = {
	place: "path" | "query" | "header";
	name: string;
	schema: JsonSchema;
	example: string | undefined;
};

/** Everything that an operation takes beside its body, in the order in which a request has it. */
export function parametersOf({
	path = {},
	query,
	headers = {},
	examples: [example],
}: Operation): Parameter[] {
	const { properties = {} } =
		query === undefined
			? ({} as JsonSchema)
			: toJsonSchema(query, "output").schema;
	const ofType = (type: Parameters<typeof toJsonSchema>[0]) =>
		toJsonSchema(type, "input").schema;
	return [
		...Object.entries(path).map(([name, type]) => ({
			place: "path" as const,
			name,
			schema: ofType(type),
			example: example?.path?.[name],
		})),
		...Object.entries(properties as NamedSchemas["defs"]).map(
			([name, schema]) => ({
				place: "query" as const,
				name,
				schema,
				example: example?.query?.[name],
			}),
		),
		...Object.entries(headers).map(([name, type]) => ({
			place: "header" as const,
			name,
			schema: ofType(type),
			example: example?.headers?.[name],
		})),
	];
}
