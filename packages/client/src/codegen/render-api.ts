import {
	docText,
	fieldName,
	type Schema,
	typeName,
	typeText,
	type Words,
} from "./type-text.ts";

type Content = Readonly<Record<string, { schema?: Schema }>>;
type Parameter = {
	name: string;
	in: string;
	required?: boolean;
	description?: string;
	schema: Schema;
};
type Operation = {
	operationId: string;
	summary: string;
	parameters?: readonly Parameter[];
	requestBody?: { required?: boolean; content: Content };
	responses: Readonly<Record<string, { content?: Content }>>;
};

/** What is read of an OpenAPI 3.1 document. */
export type Document = {
	paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
	components: { schemas: Readonly<Record<string, object>> };
};

type Route = { method: string; path: string; operation: Operation };

const head = `// Made from the contract by \`npm run generate\`; a change here is lost.\n\n/** No parameter at all. */\nexport type Nothing = Record<never, never>;`;
const json = "application/json";

/** The module that the client takes its types and its table of routes from: one type for each named part, one line for each route. */
export function renderApi(document: Document): string {
	const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(
			([method, operation]): Route => ({
				method: method.toUpperCase(),
				path,
				operation: operation as Operation,
			}),
		),
	);
	const schemas = document.components.schemas as Record<string, Schema>;
	const sent = namesSent(routes, schemas);
	const types = Object.entries(schemas).map(([name, schema]) => {
		const words: Words = sent.has(name) ? "closed" : "open";
		const { default: _, ...rest } = schema;
		return `${docText(rest)}export type ${typeName(name)} = ${typeText(schema, words)};`;
	});
	return [
		head,
		...types,
		`/** What each operation takes and answers. */\nexport type Operations = {\n${routes.map(operationText).join("\n")}\n};`,
		`/** Where each operation is, and whether it takes an Idempotency-Key. */\nexport const routes = {\n${routes.map(routeText).join("\n")}\n} as const;`,
		"",
	].join("\n\n");
}

/** The components that a request can hold, at any depth. */
function namesSent(
	routes: readonly Route[],
	schemas: Readonly<Record<string, Schema>>,
): Set<string> {
	const names = new Set<string>();
	const visit = (part: unknown): void => {
		for (const [, name = ""] of JSON.stringify(part ?? null).matchAll(
			/"#\/components\/schemas\/([^"]+)"/g,
		)) {
			if (names.has(name)) continue;
			names.add(name);
			visit(schemas[name]);
		}
	};
	for (const { operation } of routes) {
		visit([operation.requestBody, operation.parameters]);
	}
	return names;
}

function operationText({ method, path, operation }: Route): string {
	const { operationId, summary, requestBody } = operation;
	const body = requestBody?.content[json]?.schema;
	const mark = requestBody?.required === true ? "" : "?";
	return [
		`/** ${summary}: \`${method} ${path}\`. */`,
		`${operationId}: {`,
		`path: ${parametersText(operation, "path")};`,
		`query: ${parametersText(operation, "query")};`,
		body === undefined
			? "body?: undefined;"
			: `body${mark}: ${typeText(body, "closed")};`,
		`answer: ${answerText(operation)};`,
		"};",
	].join("\n");
}

function parametersText(operation: Operation, place: string): string {
	const fields = (operation.parameters ?? [])
		.filter((parameter) => parameter.in === place)
		.map(({ name, required, description, schema }) => {
			const doc = docText({
				...(description === undefined ? {} : { description }),
				default: schema.default,
			});
			const type = typeText(schema, "closed");
			return `${doc}${fieldName(name)}${required === true ? `: ${type}` : `?: ${type} | undefined`};`;
		});
	return fields.length === 0 ? "Nothing" : `{\n${fields.join("\n")}\n}`;
}

/** Of several media types the JSON one counts; a success without a body is undefined. */
function answerText({ responses }: Operation): string {
	const texts = Object.entries(responses)
		.filter(([status]) => /^2/.test(status))
		.map(([, { content }]) => {
			const schema = content?.[json]?.schema;
			if (schema !== undefined) return typeText(schema, "open");
			return content === undefined ? "undefined" : "string";
		});
	return [...new Set(texts)].join(" | ");
}

function routeText({ method, path, operation }: Route): string {
	const takesKey = (operation.parameters ?? []).some(
		({ name }) => name.toLowerCase() === "idempotency-key",
	);
	return `${operation.operationId}: { method: "${method}", path: "${path}", takesKey: ${takesKey} },`;
}
