/** A stranger's JSON, or in a few words why it is not taken for one. */
export type ParsedJson = { value: unknown } | { fault: string };

// The deepest shape that is published has six levels; whatever is far beyond it was made to hurt a reader.
const depthLimit = 32;

/**
 * Parses what a provider sent. A text that is nested too deep is refused before it is parsed, and one that names a member
 * `__proto__` after it: no reader has to bear either. A byte order mark is nobody's fault. Never throws.
 */
export function parseProviderJson(text: string): ParsedJson {
	const plain = text.startsWith("\uFEFF") ? text.slice(1) : text;
	if (isTooDeep(plain)) {
		return { fault: `it is nested deeper than ${depthLimit} levels` };
	}
	let value: unknown;
	try {
		value = JSON.parse(plain);
	} catch {
		return { fault: "it is not JSON" };
	}
	// Most texts cannot name it; the names of the others are looked at, for an escape may spell it too.
	return /__proto__|\\u00/i.test(plain) && namesPrototype(value)
		? { fault: 'a member is named "__proto__"' }
		: { value };
}

/** Counts brackets outside of strings, in one pass and without a stack of its own. */
function isTooDeep(text: string): boolean {
	let depth = 0;
	let isInString = false;
	for (let at = 0; at < text.length; at += 1) {
		const sign = text[at];
		if (isInString) {
			if (sign === "\\") at += 1;
			else if (sign === '"') isInString = false;
		} else if (sign === '"') isInString = true;
		else if (sign === "{" || sign === "[") {
			depth += 1;
			if (depth > depthLimit) return true;
		} else if (sign === "}" || sign === "]") depth -= 1;
	}
	return false;
}

function namesPrototype(value: unknown): boolean {
	if (typeof value !== "object" || value === null) return false;
	return (
		Object.hasOwn(value, "__proto__") ||
		Object.values(value).some(namesPrototype)
	);
}
