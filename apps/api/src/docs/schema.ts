import type { JsonSchema } from "@reelay/shared/contracts/json-schema";
import { type Html, html, prose } from "./html.ts";

/** Where the named part of this name stands on the page. */
export const schemaAnchor = (name: string) => `schema-${name}`;

/** The parts that are shown in place, instead of a link to them, by name. */
type Shown = Readonly<Record<string, JsonSchema>>;

/** A schema as a reader takes it in: its kind, and, for an object, its fields, each with its own. */
export function renderSchema(schema: JsonSchema, shown: Shown = {}): Html {
	const part = inPlace(schema, shown);
	const isChoice = variantsOf(part).every(
		(one) => one.properties !== undefined,
	);
	const kind =
		part.properties !== undefined
			? null
			: html`<p class="type">${variantsOf(part).length > 0 && isChoice ? "one of these:" : typeOf(part)}</p>`;
	return html`${kind}${renderFields(part, shown)}`;
}

function inPlace(schema: JsonSchema, shown: Shown): JsonSchema {
	return shown[nameOf(schema)] ?? schema;
}

function nameOf({ $ref }: JsonSchema): string {
	return typeof $ref === "string" ? ($ref.split("/").at(-1) ?? "") : "";
}

/** The fields of whatever objects a schema holds without naming them. */
function renderFields(schema: JsonSchema, shown: Shown): Html | null {
	const parts = [schema, ...variantsOf(schema)].map((part) =>
		inPlace(part, shown),
	);
	const lists = parts
		.filter(({ properties }) => properties !== undefined)
		.map((part) => listFields(part, shown));
	const items = schema.items as JsonSchema | undefined;
	const below = items === undefined ? null : renderFields(items, shown);
	return lists.length === 0 ? below : html`${lists}${below}`;
}

function listFields(part: JsonSchema, shown: Shown): Html {
	const fields = part.properties as Record<string, JsonSchema>;
	const items = Object.entries(fields).map(
		([name, field]) => html`<li>
<code class="name">${name}</code> <span class="type">${typeOf(field)}</span>${remarkOn(part, name)}${
			typeof field.description === "string"
				? html`<p>${prose(field.description)}</p>`
				: null
		}${renderFields(field, shown)}</li>`,
	);
	return html`<ul class="fields">${items}</ul>`;
}

/** A request is closed, and most of it may be left out; an answer is open, and most of it is always there. */
function remarkOn(part: JsonSchema, name: string): Html | null {
	const isRequired = ((part.required ?? []) as string[]).includes(name);
	const field = (part.properties as Record<string, JsonSchema>)[name];
	if (part.additionalProperties !== false) {
		return isRequired ? null : html` <span class="default">not always</span>`;
	}
	if (isRequired) return html` <span class="required">required</span>`;
	return field?.default === undefined
		? null
		: html` <span class="default">default ${JSON.stringify(field.default)}</span>`;
}

function variantsOf({ anyOf, oneOf, allOf }: JsonSchema): JsonSchema[] {
	return [anyOf, oneOf, allOf].flatMap(
		(variants) => (variants ?? []) as JsonSchema[],
	);
}

/** In a few words what a value may be. */
export function typeOf(schema: JsonSchema): Html {
	const { enum: words, type } = schema;
	const name = nameOf(schema);
	if (name !== "") return html`<a href="#${schemaAnchor(name)}">${name}</a>`;
	if ("const" in schema)
		return html`<code>${JSON.stringify(schema.const)}</code>`;
	if (Array.isArray(words)) {
		return joined(
			words.map((word) => html`<code>${JSON.stringify(word)}</code>`),
			" | ",
		);
	}
	const variants = variantsOf(schema);
	if (variants.length > 0 && schema.properties === undefined) {
		return joined(variants.map(typeOf), schema.allOf ? " and " : " or ");
	}
	const types = Array.isArray(type) ? type : [type ?? "any value"];
	return html`${joined(
		types.map((one) => nameType(String(one), schema)),
		" or ",
	)}${boundsOf(schema)}`;
}

function nameType(type: string, schema: JsonSchema): Html {
	if (type === "array") {
		return html`list of ${typeOf((schema.items ?? {}) as JsonSchema)}`;
	}
	const values = schema.additionalProperties;
	if (type === "object" && typeof values === "object" && values !== null) {
		return html`object of any names, each ${typeOf(values as JsonSchema)}`;
	}
	if (schema.format === "date-time") return html`instant`;
	return html`${type}`;
}

const bounds = [
	["minimum", "maximum", ""],
	["minLength", "maxLength", " characters"],
	["minItems", "maxItems", " items"],
] as const;

function boundsOf(schema: JsonSchema): Html {
	const ranges = bounds.flatMap(([least, most, unit]) => {
		const range = inWords(schema[least], schema[most]);
		return range === null ? [] : [html`, ${range}${unit}`];
	});
	const { pattern } = schema;
	return typeof pattern === "string" && pattern.length <= 36
		? html`${ranges}, <code>${pattern}</code>`
		: html`${ranges}`;
}

function inWords(least: unknown, most: unknown): string | null {
	if (least === undefined && most === undefined) return null;
	if (most === undefined) return `at least ${least}`;
	return least === undefined ? `at most ${most}` : `${least} to ${most}`;
}

function joined(parts: readonly Html[], divider: string): Html {
	return html`${parts.map((part, index) => (index === 0 ? part : html`${divider}${part}`))}`;
}
