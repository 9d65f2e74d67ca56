import { randomUUID } from "node:crypto";
import { type Operations, routes } from "../generated/api.ts";
import type { RequestName } from "./answer.ts";

export type OperationId = keyof Operations;

/** What a request of an operation is made from. */
export type Input<Id extends OperationId> = {
	path?: Operations[Id]["path"];
	query?: Operations[Id]["query"];
	body?: Operations[Id]["body"];
	headers?: Readonly<Record<string, string>>;
};

/** A request that can be sent any number of times. */
export type PreparedRequest = RequestName & {
	url: string;
	headers: Record<string, string>;
	body: string | null;
	/** Whether sending it twice does what sending it once does. */
	isRepeatable: boolean;
	idempotencyKey: string | null;
	jobId: string | null;
};

/** Where to, and as whom. */
export type Target = { baseUrl: string; apiKey: string };

// Of the methods of HTTP those that RFC 9110 calls idempotent, and PATCH, which here sets fields to values.
const repeatableMethods = ["GET", "DELETE", "PATCH", "PUT"];

/**
 * Prepares a request. One that takes an Idempotency-Key gets one, so that it may be repeated; `isRepeatable` says the same
 * of one that is so by its nature.
 */
export function prepareRequest<Id extends OperationId>(
	target: Target,
	id: Id,
	input: Input<Id> & { isRepeatable?: boolean; idempotencyKey?: string },
): PreparedRequest {
	const route = routes[id];
	const idempotencyKey = route.takesKey
		? (input.idempotencyKey ?? randomUUID())
		: null;
	const pathValues = (input.path ?? {}) as Record<string, string>;
	const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) =>
		encodePart(name, pathValues[name]),
	);
	const requestId = randomUUID();
	return {
		method: route.method,
		path,
		url: `${target.baseUrl}${path}${queryText(input.query ?? {})}`,
		requestId,
		headers: {
			accept: "application/json",
			authorization: `Bearer ${target.apiKey}`,
			"user-agent": "reelay-client",
			"x-request-id": requestId,
			...(input.body === undefined
				? {}
				: { "content-type": "application/json" }),
			...(idempotencyKey === null ? {} : { "idempotency-key": idempotencyKey }),
			...input.headers,
		},
		body: input.body === undefined ? null : JSON.stringify(input.body),
		isRepeatable:
			input.isRepeatable === true ||
			idempotencyKey !== null ||
			repeatableMethods.includes(route.method),
		idempotencyKey,
		jobId: route.path.startsWith("/v1/jobs/{id}")
			? (pathValues.id ?? null)
			: null,
	};
}

// An empty part, or dots, would name another route than the one that was meant.
function encodePart(name: string, value: unknown): string {
	if (typeof value !== "string" || /^\.{0,2}$/.test(value)) {
		throw new TypeError(
			`${name} must be an id, and is ${JSON.stringify(value)}`,
		);
	}
	return encodeURIComponent(value);
}

function queryText(query: object): string {
	const pairs = Object.entries(query)
		.filter(([, value]) => value !== undefined && value !== null)
		// A name for each value: a comma may be a part of one.
		.flatMap(([name, value]) =>
			[value].flat().map((one): [string, string] => [name, String(one)]),
		);
	return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs)}`;
}
