import { suggest } from "../../suggest.ts";
import { quote } from "../../violation.ts";
import { type Field, isAbsent, readText, refuse } from "../field.ts";

/** The prompt as it is sent, and the elements that it names. */
export type Prompt = { text: string; references: Set<string> };

/** What a prompt is held against: its limit, and the names it may use (null when the elements could not be read). */
export type PromptRules = {
	limit: number;
	elementNames: ReadonlySet<string> | null;
};

// The provider replaces each @name by an internal id of this length before it counts.
const referenceLength = 37;
const unknownLimit = 20;

/** A prompt within its limit whose every @name is an element; undefined after reporting, null when there is none. */
export function readPrompt(
	field: Field,
	rules: PromptRules,
): Prompt | null | undefined {
	if (isAbsent(field)) return null;
	const text = readText(field);
	if (text === undefined) return undefined;
	if (text.trim() === "") return null;
	const found = findReferences(text, rules.elementNames);
	const length = countCharacters(text, found);
	if (length > rules.limit) {
		const message = `Shorten the prompt to ${rules.limit} characters; it counts ${length}, each @name as ${referenceLength}.`;
		refuse(field, "too_long", { message });
	}
	const references = new Set(found);
	refuseUnknownReferences(field, references, rules.elementNames);
	return { text, references };
}

/**
 * The @names in a text, in order. The provider's own example glues one to the word before it ("window@element_dog"), so
 * that is a reference too; only what reads as a mail address, and names no element, is left alone.
 */
function findReferences(
	text: string,
	elementNames: ReadonlySet<string> | null,
): string[] {
	const pattern =
		/(?<glued>[A-Za-z0-9])?@(?<name>[A-Za-z0-9_-]+)(?=(?<domain>\.[A-Za-z]{2,})?)/g;
	const references: string[] = [];
	for (const { groups } of text.matchAll(pattern)) {
		const name = groups?.name ?? "";
		const isMail = groups?.glued !== undefined && groups.domain !== undefined;
		if (!isMail || elementNames?.has(name)) references.push(name);
	}
	return references;
}

/**
 * Characters are code points, as the provider's Python counts them: an emoji outside the first plane is one, not two.
 * Where that guess is too generous the provider refuses free of charge; too strict would refuse what it accepts.
 */
function countCharacters(text: string, references: string[]): number {
	let length = 0;
	for (const _ of text) length += 1;
	for (const name of references) length += referenceLength - name.length - 1;
	return length;
}

function refuseUnknownReferences(
	field: Field,
	references: ReadonlySet<string>,
	elementNames: ReadonlySet<string> | null,
): void {
	if (elementNames === null) return;
	const unknown = [...references].filter((name) => !elementNames.has(name));
	for (const name of unknown.slice(0, unknownLimit)) {
		const near = suggest(name, elementNames);
		const message = `Define ${quote(`@${name}`)} in kling_elements, or remove it from the prompt.`;
		const suggestion = near === null ? null : `@${near}`;
		refuse(field, "unknown_element", { message, suggestion });
	}
}
