import { scopes } from "../../domain/scope.ts";
import { operations, tags } from "../operations/all.ts";
import type { Operation } from "../operations/operation.ts";
import { type Components, createComponents } from "./components.ts";
import { answerHeaders } from "./headers.ts";
import { parametersOf } from "./parameters.ts";
import { named, responsesOf } from "./responses.ts";
import { webhooksOf } from "./webhooks.ts";

/** An OpenAPI 3.1 document, as far as its readers here look into it. */
export type OpenApiDocument = {
	openapi: string;
	info: { title: string; version: string; description: string };
	paths: Record<string, Record<string, object>>;
	webhooks: Record<string, object>;
	components: { schemas: Record<string, object> } & Record<string, object>;
} & Record<string, unknown>;

const about = `Reelay is a queue for AI video generation: a job is accepted at once, submitted to the provider, and its result is told by a signed webhook.

JSON is snake_case, instants are ISO 8601 in UTC, and ids are prefixed and sort by time. An answer may gain fields and a list of words may gain words: ignore what you do not know. Errors are problem details by RFC 9457 with a stable \`code\`.`;

/** The whole API as an OpenAPI 3.1 document, made from the schemas that validate. The version is the product's. */
export function createOpenApi(version: string): OpenApiDocument {
	const components = createComponents();
	const paths: OpenApiDocument["paths"] = {};
	for (const operation of operations) {
		paths[operation.route] ??= {};
		Object.assign(paths[operation.route] ?? {}, {
			[operation.method]: describe(operation, components),
		});
	}
	const webhooks = webhooksOf(components);
	return {
		openapi: "3.1.1",
		info: {
			title: "Reelay",
			version,
			description: about,
			license: { name: "MIT", identifier: "MIT" },
		} as OpenApiDocument["info"],
		servers: [{ url: "/", description: "Where this document was read." }],
		tags: [
			...Object.entries(tags).map(([name, description]) => ({
				name,
				description,
			})),
			{
				name: "Webhooks",
				description:
					"What is sent to you, by the Standard Webhooks specification.",
			},
		],
		security: [{ apiKey: [] }],
		paths,
		webhooks,
		components: {
			schemas: components.schemas,
			responses: components.responses,
			headers: answerHeaders,
			securitySchemes: {
				apiKey: {
					type: "http",
					scheme: "bearer",
					bearerFormat: "rl_…",
					description: `An API key. Its scopes say what it may do: ${Object.entries(
						scopes,
					)
						.map(([scope, opens]) => `\`${scope}\`: ${opens}`)
						.join(" ")}`,
				},
			},
		} as OpenApiDocument["components"],
	};
}

function describe(operation: Operation, components: Components): object {
	const { id, tag, summary, description, scope, body, examples } = operation;
	const parameters = parametersOf(operation, components);
	const withBody = examples.filter((example) => example.body !== undefined);
	return {
		operationId: id,
		tags: [tag],
		summary,
		...(description === undefined ? {} : { description }),
		security: scope === "none" ? [] : [{ apiKey: scopesOf(scope) }],
		...(parameters.length === 0 ? {} : { parameters }),
		...(body === undefined
			? {}
			: {
					requestBody: {
						required: body.isRequired,
						content: {
							"application/json": {
								schema: components.schemaOf(body.schema, "input"),
								examples: named(withBody, (example) => example.body),
							},
						},
					},
				}),
		responses: responsesOf(operation, components),
	};
}

/** OpenAPI 3.1 lets every scheme name the roles that it asks for, not OAuth alone. */
function scopesOf(scope: Operation["scope"]): string[] {
	return scope === "any" ? [] : [scope];
}
