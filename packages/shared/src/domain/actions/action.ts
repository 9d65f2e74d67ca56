import type { PriceTerms } from "../price.ts";
import type { Violation } from "../violation.ts";

/** Any value that JSON can carry. */
export type JsonValue =
	| null
	| boolean
	| number
	| string
	| JsonValue[]
	| JsonObject;

/** A JSON object. */
export type JsonObject = { [key: string]: JsonValue };

/**
 * What an action asks of its surroundings, as pure functions. `isPublicHost` gets a host as the URL standard writes it
 * (lower case, numeric forms of IPv4 resolved to four numbers, IPv6 without brackets) and answers false for private ones.
 */
export type InputChecks = { isPublicHost: (hostname: string) => boolean };

/** The normalised input with warnings, or every violation at once. */
export type ParsedInput =
	| { ok: true; input: JsonObject; warnings: Violation[] }
	| { ok: false; violations: Violation[] };

/** The ways of working that an input chooses; elements may accompany any of them. */
export const actionModes = [
	"text",
	"first_frame",
	"first_and_last_frame",
	"multi_shot",
] as const;
export type ActionMode = (typeof actionModes)[number];

/**
 * One provider action: everything that is particular to it, and nothing else. `parseInput` never throws, and an input
 * that it returned parses to itself. That normalised input is what is stored, shown, and given to `buildRequest`.
 * `inputSchema` tells readers as much of the rules as JSON Schema 2020-12 can say of single fields: whatever `parseInput`
 * takes is valid by it, and so is what it returns; the rules between fields are in its descriptions.
 */
export type Action = {
	name: string;
	path: string;
	inputSchema: JsonObject;
	parseInput(raw: unknown, checks: InputChecks): ParsedInput;
	buildRequest(input: JsonObject, callBackUrl: string): JsonObject;
	describeMode(input: JsonObject): ActionMode;
	/** What the provider's price depends on; two inputs of one class cost the same. */
	describePrice(input: JsonObject): PriceTerms;
};
