import type { AnswerHeader } from "../operations/operation.ts";

const text = (description: string, example: string) => ({
	description,
	schema: { type: "string" },
	example,
});

/** Every header of an answer that the document names. */
export const answerHeaders: Readonly<
	Record<AnswerHeader | "X-Request-Id", object>
> = {
	"X-Request-Id": text(
		"Names this request in answers and in our log; your own is taken over if it is up to 64 letters, digits, dots, hyphens and underscores.",
		"0f4b2a9c-5d17-4e0e-9a55-2d6f0c8e7b31",
	),
	Location: text("Where what was made can be read.", "/v1/jobs/job_…"),
	"Retry-After": {
		description: "Seconds until asking again is worth while.",
		schema: { type: "integer", minimum: 0 },
		example: 5,
	},
	"Idempotency-Replayed": {
		description: "There, and true, when an earlier request made this.",
		schema: { type: "string", const: "true" },
	},
	"Preference-Applied": text(
		"There when the request waited as it preferred to.",
		"wait=10",
	),
	ETag: text("Changes whenever the body does.", '"5d41402abc4b2a76"'),
	"Cache-Control": text("How long the answer may be kept.", "no-store"),
	"WWW-Authenticate": text("How to show who you are.", "Bearer"),
	"RateLimit-Policy": text(
		"The limit that this request was counted by: its name, its quota q, and its window w in seconds. Left out where there is none.",
		'"writes";q=600;w=60',
	),
	RateLimit: text(
		"What of it remains, r, and after how many seconds it begins anew, t.",
		'"writes";r=599;t=60',
	),
};

/** The headers of every answer to a request that carries a key. */
export const rateHeaders: readonly AnswerHeader[] = [
	"RateLimit-Policy",
	"RateLimit",
];

/** Refers to the named headers, and to the one that every answer has. */
export function headersOf(names: readonly AnswerHeader[] = []) {
	return Object.fromEntries(
		[...names, "X-Request-Id"].map((name) => [
			name,
			{ $ref: `#/components/headers/${name}` },
		]),
	);
}
