import type { JsonObject, JsonValue } from "./actions/action.ts";
import { toStorable } from "./text.ts";

// A sentence or a stack trace's head; the whole body is kept elsewhere.
const textLimit = 2000;
const depthLimit = 8;
// Enough for every repair hint that a person would read, and a bound on what one hostile answer can cost a row.
const valueLimit = 500;

// Validators and callbacks echo our request, and with it the callback URL, whose token is the only proof of who calls.
const echoNames = new Set(["callbackurl", "callback", "param"]);
const callbackPath = /(callbacks(?:\\?\/|%2f))[^\s"'<>&]+/gi;

/** The provider's own words, safe to store and to show: bounded, storable, and without our callback tokens. */
export function keepText(text: string, limit: number = textLimit): string {
	// Redacted before it is cut, because half a token would no longer look like one.
	const redacted = toStorable(text).replace(callbackPath, "$1[redacted]");
	return redacted.length <= limit
		? redacted
		: `${toStorable(redacted.slice(0, limit))}…`;
}

/** The provider's own JSON, bounded in depth and number, with every text kept as above and echoes of ours left out. */
export function keepJson(value: unknown): JsonValue {
	const budget = { left: valueLimit };
	return keepValue(value, budget, 0);
}

function keepValue(
	value: unknown,
	budget: { left: number },
	depth: number,
): JsonValue {
	budget.left -= 1;
	if (typeof value === "string") return keepText(value);
	if (typeof value === "boolean") return value;
	if (typeof value === "number") return Number.isFinite(value) ? value : null;
	if (typeof value !== "object" || value === null) return null;
	if (depth >= depthLimit || budget.left <= 0) return null;
	if (Array.isArray(value)) {
		return value
			.slice(0, budget.left)
			.map((item) => keepValue(item, budget, depth + 1));
	}
	const kept: JsonObject = {};
	for (const [name, member] of Object.entries(value).slice(0, budget.left)) {
		if (name === "__proto__" || isEcho(name)) continue;
		kept[keepText(name, 100)] = keepValue(member, budget, depth + 1);
	}
	return kept;
}

function isEcho(name: string): boolean {
	return echoNames.has(name.toLowerCase().replace(/[^a-z]/g, ""));
}
