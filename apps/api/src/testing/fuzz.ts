import { exampleCallbackId, exampleIds } from "@reelay/shared/contracts/ids";
import type { JsonSchema } from "@reelay/shared/contracts/json-schema";
import type { OpenApiDocument } from "@reelay/shared/contracts/openapi/document";
import type { Operation } from "@reelay/shared/contracts/operations/operation";
import fc from "fast-check";
import { anyJson, anyText, arbitraryOf, mutated } from "./arbitraries.ts";
import type { Scene } from "./scenes.ts";

/** A request as it is drawn; its path is written once the scene's ids are known. */
export type FuzzedRequest = {
	method: string;
	route: string;
	ids: Record<string, FuzzedId>;
	query: string;
	headers: Record<string, string>;
	/** Sent as it is; absent where there is none. */
	body: string | undefined;
};
type FuzzedId = { kind: "known" | "unknown" } | { kind: "raw"; text: string };

/** Requests for an operation, from those that the document allows to those that no client would send. */
export function requestsOf(
	operation: Operation,
	document: OpenApiDocument,
): fc.Arbitrary<FuzzedRequest> {
	const said = document.paths[operation.route]?.[operation.method] as Said;
	const names = Object.keys(operation.path ?? {});
	return fc.record({
		method: fc.constant(operation.method.toUpperCase()),
		route: fc.constant(operation.route),
		ids: fc.record(Object.fromEntries(names.map((name) => [name, anyId]))),
		query: queriesOf(said, document),
		headers: anyHeaders,
		body: bodiesOf(operation, said, document),
	});
}

type Said = {
	parameters?: { in: string; name: string; schema: JsonSchema }[];
	requestBody?: { content: Record<string, { schema: JsonSchema }> };
};

const anyId: fc.Arbitrary<FuzzedId> = fc.oneof(
	{ weight: 6, arbitrary: fc.constant({ kind: "known" as const }) },
	{ weight: 1, arbitrary: fc.constant({ kind: "unknown" as const }) },
	{
		weight: 2,
		arbitrary: fc
			.oneof(anyText, fc.constantFrom("job_", "ep_", "cancel"))
			.map((text) => ({ kind: "raw" as const, text: escaped(text) })),
	},
	{
		weight: 1,
		arbitrary: fc
			.constantFrom("%zz", "%", "%ff%fe", "%2e%2e", "a%2Fb", "%00")
			.map((text) => ({ kind: "raw" as const, text })),
	},
);

/** In a path no half of a pair and no empty part can stand. */
function escaped(text: string): string {
	return encodeURIComponent(Buffer.from(text).toString()) || "-";
}

function queriesOf(
	{ parameters = [] }: Said,
	document: OpenApiDocument,
): fc.Arbitrary<string> {
	const known = parameters.filter((parameter) => parameter.in === "query");
	const allowed = fc
		.record(
			Object.fromEntries(
				known.map(({ name, schema }) => [name, arbitraryOf(schema, document)]),
			),
			{ requiredKeys: [] },
		)
		.map((query) =>
			Object.entries(query).map(([name, value]) => [name, String(value)]),
		);
	const name = fc.constantFrom("x", "limit", ...known.map((one) => one.name));
	const wild = fc.array(fc.tuple(fc.oneof(name, anyText), anyText), {
		maxLength: 4,
	});
	return fc
		.oneof(
			fc.constant([]),
			allowed,
			wild,
			fc.tuple(allowed, wild).map(([some, more]) => [...some, ...more]),
		)
		.map((pairs) => String(new URLSearchParams(pairs as [string, string][])));
}

const anyHeaders: fc.Arbitrary<Record<string, string>> = fc
	.dictionary(
		fc.constantFrom(
			...["idempotency-key", "x-request-id", "accept", "prefer"],
			...["if-none-match", "content-type", "content-encoding", "range"],
			...["authorization", "accept-encoding"],
		),
		fc.oneof(
			anyText,
			fc.constantFrom("order-7", "order-8", "*/*", "gzip", "wait=1", '"x"'),
		),
		{ maxKeys: 2 },
	)
	// What cannot be written into a header at all is never sent.
	.map((headers) =>
		Object.fromEntries(
			Object.entries(headers).map(([name, value]) => [
				name,
				value.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, "").trim(),
			]),
		),
	);

function bodiesOf(
	{ examples }: Operation,
	{ requestBody }: Said,
	document: OpenApiDocument,
): fc.Arbitrary<string | undefined> {
	const schema = requestBody?.content["application/json"]?.schema;
	if (schema === undefined) {
		return fc.option(anyJson.map(written), { nil: undefined, freq: 5 });
	}
	const shown = examples.flatMap(({ body }) =>
		body === undefined ? [] : [body],
	);
	// Rules between fields refuse most of what is drawn, and nearly nothing of what is shown.
	const allowed = fc.oneof(
		{ weight: 1, arbitrary: arbitraryOf(schema, document) },
		{ weight: 2, arbitrary: fc.constantFrom<unknown>(...shown) },
	);
	return fc.oneof(
		{ weight: 3, arbitrary: allowed.map(written) },
		{ weight: 8, arbitrary: mutated(allowed).map(written) },
		{ weight: 1, arbitrary: anyJson.map(written) },
		{ weight: 1, arbitrary: anyText },
		{ weight: 1, arbitrary: fc.constant(undefined) },
	);
}

function written(value: unknown): string {
	return JSON.stringify(value) ?? "null";
}

const kinds: Readonly<Record<string, keyof Scene>> = {
	jobs: "job",
	batches: "batch",
	endpoints: "endpoint",
	deliveries: "delivery",
	events: "event",
	replays: "replay",
	callbacks: "callback",
	keys: "key",
	tenants: "tenant",
	budgets: "key",
};

/** The path of a drawn request, with the scene's ids. */
export function pathOf(
	{ route, ids, query }: FuzzedRequest,
	scene: Scene,
): string {
	const [, resource = ""] = /^\/v1\/(\w+)/.exec(route) ?? [];
	const path = route.replaceAll(/\{(\w+)\}/g, (_braces, name: string) => {
		const kind = name === "secretId" ? "secret" : kinds[resource];
		const id = ids[name];
		if (kind === undefined || id === undefined) throw new Error(name);
		if (id.kind === "raw") return id.text;
		if (name === "period") return id.kind === "known" ? "day" : "total";
		if (kind === "callback") {
			return (id.kind === "known" && scene.callback) || exampleCallbackId;
		}
		return id.kind === "known" ? scene[kind] : exampleIds[kind];
	});
	return query === "" ? path : `${path}?${query}`;
}
