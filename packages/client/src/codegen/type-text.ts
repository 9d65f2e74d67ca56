/** What of JSON Schema the contract is written in; a word that is not here is a bound, which a type cannot say. */
export type Schema = {
	$ref?: string;
	type?: string | readonly string[];
	enum?: readonly unknown[];
	const?: unknown;
	anyOf?: readonly Schema[];
	oneOf?: readonly Schema[];
	allOf?: readonly Schema[];
	items?: Schema;
	properties?: Readonly<Record<string, Schema>>;
	required?: readonly string[];
	additionalProperties?: boolean | Schema;
	description?: string;
	default?: unknown;
};

/**
 * Whether a list of words is all that there will be. What is sent is closed, so that a misspelt word does not compile;
 * what is answered may gain words.
 */
export type Words = "closed" | "open";

const keyword = "#/components/schemas/";

/** The name of a component as a type: `video.queued.v1` becomes VideoQueuedV1. */
export function typeName(component: string): string {
	return component
		.split(/[^A-Za-z0-9]+/)
		.map((part) => part.charAt(0).toUpperCase() + part.slice(1))
		.join("");
}

/** The schema as the text of a TypeScript type, without what only a check at run time can say. */
export function typeText(schema: Schema, words: Words): string {
	if (schema.$ref !== undefined) return refText(schema.$ref);
	if ("const" in schema) return JSON.stringify(schema.const);
	if (schema.enum !== undefined) return enumText(schema.enum, words);
	const choices = schema.anyOf ?? schema.oneOf;
	if (choices !== undefined) {
		return unionText(choices.map((one) => typeText(one, words)));
	}
	if (schema.allOf !== undefined) return allText(schema.allOf, schema, words);
	const types = [schema.type ?? []].flat();
	if (types.length === 0) return "unknown";
	return unionText(types.map((type) => namedText(type, schema, words)));
}

/** What is said of the whole, and of each part that says more than bounds. */
function allText(
	parts: readonly Schema[],
	{ allOf: _, ...whole }: Schema,
	words: Words,
): string {
	const texts = [whole, ...parts].map((one) => typeText(one, words));
	const said = texts.filter((text) => text !== "unknown");
	return said.length === 0
		? "unknown"
		: said.map((text) => (said.length === 1 ? text : `(${text})`)).join(" & ");
}

function refText(ref: string): string {
	if (!ref.startsWith(keyword)) throw new Error(`cannot follow ${ref}`);
	return typeName(ref.slice(keyword.length));
}

function enumText(values: readonly unknown[], words: Words): string {
	const texts = values.map((value) => JSON.stringify(value));
	const isOpen =
		words === "open" && values.every((value) => typeof value === "string");
	return unionText(isOpen ? [...texts, "(string & {})"] : texts);
}

function unionText(texts: readonly string[]): string {
	return [...new Set(texts)].join(" | ");
}

function namedText(type: string, schema: Schema, words: Words): string {
	switch (type) {
		case "string":
		case "boolean":
		case "null":
			return type;
		case "integer":
		case "number":
			return "number";
		case "array":
			return `Array<${typeText(schema.items ?? {}, words)}>`;
		case "object":
			return objectText(schema, words);
		default:
			throw new Error(`there is no type for ${type}`);
	}
}

function objectText(schema: Schema, words: Words): string {
	const { properties, additionalProperties: others, required = [] } = schema;
	if (properties === undefined) {
		const value =
			typeof others === "object" ? typeText(others, words) : "unknown";
		return `Record<string, ${value}>`;
	}
	const fields = Object.entries(properties).map(([name, field]) => {
		const mark = required.includes(name) ? "" : "?";
		const text = typeText(field, words);
		const type = mark === "" ? text : unionText([text, "undefined"]);
		return `${docText(field)}${fieldName(name)}${mark}: ${type};`;
	});
	return `{\n${fields.join("\n")}\n}`;
}

/** A name as a field: in quotes only where it needs them. */
export function fieldName(name: string): string {
	return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** A description as a comment, with the default that the server fills in. */
export function docText({ description, default: value }: Schema): string {
	const lines = [
		description,
		value === undefined ? undefined : `Default: \`${JSON.stringify(value)}\`.`,
	].filter((line) => line !== undefined);
	if (lines.length === 0) return "";
	return `/** ${lines.join(" ").replaceAll("*/", "*\\/")} */\n`;
}
