/**
 * One thing that is wrong, or odd, in a customer's input. `pointer` is a JSON pointer into the input, `code` is stable
 * and part of the API, `message` says what to change, and `suggestion` is a value that would be accepted in its place.
 */
export type Violation = {
	pointer: string;
	code: string;
	message: string;
	suggestion?: string;
};

/** Extends a JSON pointer by one member name or index, escaped as RFC 6901 asks. */
export function joinPointer(pointer: string, member: string | number): string {
	const name = String(member);
	const escaped = /[~/]/.test(name)
		? name.replaceAll("~", "~0").replaceAll("/", "~1")
		: name;
	return `${pointer}/${escaped}`;
}

// Long enough for every name and URL host that a person would recognise, short enough that a message stays a sentence.
const quoteLimit = 60;

/** The text in quotes for use inside a message, shortened so that a huge value cannot make a huge answer. */
export function quote(text: string): string {
	const points = Array.from(text.slice(0, quoteLimit * 2));
	const isShort = text.length <= quoteLimit * 2 && points.length <= quoteLimit;
	return isShort ? `"${text}"` : `"${points.slice(0, quoteLimit).join("")}…"`;
}
