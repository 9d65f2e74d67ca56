export const malformedNames = [
	"truncated",
	"html",
	"empty",
	"wrong_types",
	"array",
	"deep",
] as const;

export type Malformed = (typeof malformedNames)[number];

/** Deep enough to overflow a recursive reader's stack, small enough to be read. */
const deepLevels = 50_000;

/** A callback's body, broken in one of the ways in which bodies break. */
export function malformBody(
	how: Malformed,
	body: Record<string, unknown>,
): string {
	const json = JSON.stringify(body);
	switch (how) {
		case "truncated":
			return json.slice(0, Math.ceil(json.length * 0.6));
		case "html":
			return "<!doctype html><title>502 Bad Gateway</title><h1>502</h1>";
		case "empty":
			return "";
		case "wrong_types":
			return JSON.stringify(withWrongTypes(body));
		case "array":
			return JSON.stringify([body]);
		case "deep":
			return `{"task_id":${JSON.stringify(body.task_id ?? null)},"state":"success","data":${"[".repeat(deepLevels)}${"]".repeat(deepLevels)}}`;
	}
}

/** Every value becomes one of another type: text a number, numbers text, and so on. */
function withWrongTypes(body: Record<string, unknown>): object {
	return Object.fromEntries(
		Object.entries(body).map(([key, value]) => {
			if (typeof value === "string") return [key, value.length];
			if (Array.isArray(value)) return [key, { "0": true }];
			if (typeof value === "object" && value !== null) return [key, ["x"]];
			return [key, `${value}`];
		}),
	);
}
