import { quote } from "../../violation.ts";
import type { InputChecks } from "../action.ts";
import {
	type Field,
	isAbsent,
	readItems,
	readMembers,
	readText,
	refuse,
} from "../field.ts";
import { readImageUrl } from "../image-url.ts";
import { elementImages, elementLimit, namePattern } from "./limits.ts";

/** A person or thing that prompts name with @name, as it is sent. */
export type Element = {
	name: string;
	description: string;
	element_input_urls: string[];
};

/** The elements that could be read, and where each name stands, including those of elements with other mistakes. */
export type Elements = { elements: Element[]; names: Map<string, Field> };

// A name may be long, but an answer that repeats a wrong one in full would be as long again.
const suggestionLimit = 64;

/** The elements of `kling_elements`; undefined after reporting that it is no list. */
export function readElements(
	field: Field,
	checks: InputChecks,
): Elements | undefined {
	const items = readItems(field, { max: elementLimit, unit: "elements" });
	if (items === undefined) return undefined;
	const names = new Map<string, Field>();
	const elements = items.flatMap((item) => {
		const element = readElement(item, { checks, names });
		return element ? [element] : [];
	});
	return { elements, names };
}

function readElement(
	field: Field,
	surroundings: { checks: InputChecks; names: Map<string, Field> },
): Element | undefined {
	const members = readMembers(field, {
		names: ["name", "description", "element_input_urls"],
	});
	if (members === undefined) return undefined;
	const name = readName(members.name, surroundings.names);
	const description = isAbsent(members.description)
		? name
		: readText(members.description);
	const images = readItems(members.element_input_urls, elementImages);
	const urls = images?.map((image) => readImageUrl(image, surroundings.checks));
	if (name === undefined || description === undefined || !urls)
		return undefined;
	return {
		name,
		// The provider documents three members and not which may be missing, so all three are always sent.
		description,
		element_input_urls: urls.filter((url) => url !== undefined),
	};
}

function readName(field: Field, names: Map<string, Field>): string | undefined {
	if (isAbsent(field)) {
		const message = "Name the element, so that a prompt can say @name.";
		return refuse(field, "required", { message });
	}
	const name = readText(field);
	if (name === undefined) return undefined;
	if (!namePattern.test(name)) {
		const suggestion = name
			.slice(0, suggestionLimit)
			.trim()
			.replace(/[^A-Za-z0-9_-]+/g, "_");
		return refuse(field, "bad_name", {
			message: "Use only letters A to Z, digits, _ and - in the name.",
			suggestion: /[A-Za-z0-9]/.test(suggestion) ? suggestion : null,
		});
	}
	if (names.has(name)) {
		const message = `Choose another name: ${quote(name)} is taken by an earlier element.`;
		return refuse(field, "duplicate_name", { message });
	}
	names.set(name, field);
	return name;
}
