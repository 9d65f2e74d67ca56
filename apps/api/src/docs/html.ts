/** A text that is HTML already; everything else is escaped before it is put into a page. */
export class Html {
	readonly text: string;

	constructor(text: string) {
		this.text = text;
	}
}

type Part = Html | string | number | readonly Part[] | null | undefined;

/** HTML with values in it: texts are escaped, lists joined, and what is not there leaves nothing. */
export function html(
	literals: TemplateStringsArray,
	...parts: readonly Part[]
): Html {
	const text = literals.reduce(
		(before, literal, index) => before + show(parts[index - 1]) + literal,
	);
	return new Html(text);
}

function show(part: Part): string {
	if (part === null || part === undefined) return "";
	if (part instanceof Html) return part.text;
	if (Array.isArray(part)) return part.map(show).join("");
	return escapeText(String(part));
}

const entities: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&#39;",
};

function escapeText(text: string): string {
	return text.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}

/** A sentence in which `these` are code. */
export function prose(text: string): Html {
	return html`${text
		.split("`")
		.map((part, index) =>
			index % 2 === 1 ? html`<code>${part}</code>` : part,
		)}`;
}

/** A value as JSON, over several lines. */
export function jsonBlock(value: unknown): Html {
	return html`<pre><code>${JSON.stringify(value, null, 2)}</code></pre>`;
}
