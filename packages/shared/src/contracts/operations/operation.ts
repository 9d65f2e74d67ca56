import type { z } from "zod";
import { type ProblemCode, problems } from "../../domain/errors.ts";
import type { Scope } from "../../domain/scope.ts";

/** The headers of answers that an operation can name; `openapi/headers.ts` describes each. */
export type AnswerHeader =
	| "Location"
	| "Retry-After"
	| "Idempotency-Replayed"
	| "Preference-Applied"
	| "ETag"
	| "Cache-Control"
	| "WWW-Authenticate"
	| "RateLimit-Policy"
	| "RateLimit";

/** One way in which a request succeeds; a status may stand for several, each of a media type of its own. */
export type Answer = {
	status: number;
	description: string;
	/** What the body holds; left out where there is none. */
	schema?: z.ZodType;
	/** JSON, if it is not said. */
	mediaType?: string;
	headers?: readonly AnswerHeader[];
};

/** A request that is really sent by a test, which holds its status and its answer to what is documented. */
export type Example = {
	summary: string;
	/** For each name in the path. */
	path?: Readonly<Record<string, string>>;
	query?: Readonly<Record<string, string>>;
	headers?: Readonly<Record<string, string>>;
	body?: unknown;
	status: number;
	/** The body of the answer. */
	answer?: unknown;
};

/** One route, with all that crosses the border there. The OpenAPI document, the pages and the tests are made from it. */
export type Operation = {
	id: string;
	method: "get" | "post" | "put" | "patch" | "delete";
	/** With names in braces, each of which `path` describes. */
	route: string;
	tag: string;
	summary: string;
	description?: string;
	/** What the key must be allowed; `any` is every valid key, and `none` asks for no key. */
	scope: Scope | "any" | "none";
	path?: Readonly<Record<string, z.ZodType>>;
	query?: z.ZodObject;
	headers?: Readonly<Record<string, z.ZodType>>;
	/** Headers that are heard where they can be, and never refused. */
	preferences?: Readonly<Record<string, z.ZodType>>;
	body?: { schema: z.ZodType; isRequired: boolean };
	answers: readonly Answer[];
	/** Beyond those that follow from its shape: see `problemsOf`. */
	problems?: readonly ProblemCode[];
	examples: readonly Example[];
};

const bodyProblems = [
	"bad_request",
	"malformed_json",
	"invalid_request",
	"body_too_large",
	"unsupported_charset",
	"unsupported_encoding",
	"unsupported_media_type",
] as const satisfies ProblemCode[];

/**
 * Every problem that an operation can answer with, by status. Most follow from its shape: a key can be wrong, a path can
 * name nothing, a body can be anything, and the database can be away.
 */
export function problemsOf(operation: Operation): ProblemCode[] {
	const { scope, path, query, headers, body } = operation;
	const isChecked = query !== undefined || headers !== undefined;
	const codes: ProblemCode[] = [
		...(path === undefined ? [] : (["malformed_url", "not_found"] as const)),
		...(scope === "none" ? [] : (["unauthorized", "rate_limited"] as const)),
		...(scope === "none" || scope === "any" ? [] : (["forbidden"] as const)),
		...(isOfTenant(operation) && operation.method !== "get"
			? (["tenant_disabled"] as const)
			: []),
		...(body === undefined ? [] : bodyProblems),
		...(isChecked ? (["invalid_request"] as const) : []),
		...(operation.problems ?? []),
		...(scope === "none" ? [] : (["internal_error", "unavailable"] as const)),
	];
	return [...new Set(codes)].sort(
		(one, other) => problems[one].status - problems[other].status,
	);
}

/** Operators go on when their own tenant is disabled: somebody has to enable it again. */
function isOfTenant({ scope }: Operation): boolean {
	return scope !== "none" && scope !== "operator";
}
