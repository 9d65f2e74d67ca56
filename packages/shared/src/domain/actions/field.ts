import { suggest } from "../suggest.ts";
import { findUnstorableText } from "../text.ts";
import { joinPointer, quote, type Violation } from "../violation.ts";

/**
 * One untrusted value, where it stands, and where to report what is wrong with it. Each reader below returns the
 * normalised value, or undefined after it has reported why not, so that one pass finds every violation.
 */
export type Field = {
	value: unknown;
	pointer: string;
	report: (violation: Violation) => void;
};

/** The members an object may have. A reserved one is known to the provider but is not the customer's to set. */
export type Members<Name extends string> = {
	names: readonly Name[];
	reserved?: Readonly<Record<string, string>>;
};

// A hostile input can hold a hundred thousand wrong members; beyond these few, more lines help nobody.
const reportLimit = 20;

/** True for null and for what is not there: both ask for the default. */
export function isAbsent(field: Field): boolean {
	return field.value === undefined || field.value === null;
}

/** Reports one violation at the field. */
export function refuse(
	field: Field,
	code: string,
	rest: { message: string; suggestion?: string | null },
): undefined {
	const { message, suggestion } = rest;
	field.report({
		pointer: field.pointer,
		code,
		message: suggestion
			? `${message} Did you mean ${quote(suggestion)}?`
			: message,
		...(suggestion ? { suggestion } : {}),
	});
	return undefined;
}

/** The object's members as fields. Only own members are read, so `__proto__` and its kin are merely unknown names. */
export function readMembers<Name extends string>(
	field: Field,
	members: Members<Name>,
): Record<Name, Field> | undefined {
	const { value, pointer, report } = field;
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		return refuse(field, "wrong_type", { message: "Send a JSON object." });
	}
	refuseUnknown(field, Object.keys(value), members);
	const entries = members.names.map((name): [Name, Field] => [
		name,
		{
			value: Object.hasOwn(value, name)
				? (value as Record<string, unknown>)[name]
				: undefined,
			pointer: joinPointer(pointer, name),
			report,
		},
	]);
	return Object.fromEntries(entries) as Record<Name, Field>;
}

function refuseUnknown(
	field: Field,
	keys: string[],
	{ names, reserved = {} }: Members<string>,
): void {
	const unknown = keys.filter((key) => !names.includes(key));
	for (const key of unknown.slice(0, reportLimit)) {
		const at = { ...field, pointer: joinPointer(field.pointer, key) };
		if (Object.hasOwn(reserved, key)) {
			refuse(at, "reserved_field", { message: reserved[key] ?? "" });
			continue;
		}
		const message = `Remove ${quote(key)}: there is no such field here.`;
		refuse(at, "unknown_field", { message, suggestion: suggest(key, names) });
	}
	if (unknown.length > reportLimit) {
		const message = `Remove the other ${unknown.length - reportLimit} unknown fields too.`;
		refuse(field, "unknown_field", { message });
	}
}

/** A text that a database can hold. */
export function readText(field: Field): string | undefined {
	if (typeof field.value !== "string") {
		return refuse(field, "wrong_type", { message: "Send a string." });
	}
	if (findUnstorableText(field.value) !== null) {
		const message = "Remove the NUL characters and unpaired surrogates.";
		return refuse(field, "bad_text", { message });
	}
	return field.value;
}

/** A boolean, or the words true and false. */
export function readBoolean(field: Field): boolean | undefined {
	const { value } = field;
	if (typeof value === "boolean") return value;
	const word = typeof value === "string" ? value.toLowerCase() : "";
	if (word === "true" || word === "false") return word === "true";
	return refuse(field, "wrong_type", { message: "Send true or false." });
}

/** A whole number in range, as a number or as its digits. */
export function readInteger(
	field: Field,
	range: { min: number; max: number; unit: string },
): number | undefined {
	const { value } = field;
	const message = `Send a whole number of ${range.unit} from ${range.min} to ${range.max}.`;
	if (typeof value !== "string" && typeof value !== "number") {
		return refuse(field, "wrong_type", { message });
	}
	const number = /^\s*\d+\s*$/.test(String(value)) ? Number(value) : Number.NaN;
	if (!Number.isInteger(number)) {
		const leading = Number(/^\s*(\d+)\s*[a-z]+/i.exec(String(value))?.[1]);
		const isInside = leading >= range.min && leading <= range.max;
		const suggestion = isInside ? String(leading) : null;
		return refuse(field, "not_an_integer", { message, suggestion });
	}
	if (number < range.min || number > range.max) {
		return refuse(field, "out_of_range", { message });
	}
	return number;
}

/** One of a closed list of words. `meanings` maps other people's words for the same to ours, as suggestions only. */
export function readChoice(
	field: Field,
	choices: readonly string[],
	meanings: Readonly<Record<string, string>> = {},
): string | undefined {
	const { value } = field;
	const message = `Send one of ${choices.join(", ")}.`;
	if (typeof value !== "string")
		return refuse(field, "wrong_type", { message });
	if (choices.includes(value)) return value;
	const word = value.trim().toLowerCase();
	const meant = Object.hasOwn(meanings, word) ? meanings[word] : null;
	const suggestion = meant ?? suggest(value, choices);
	return refuse(field, "not_in_list", { message, suggestion });
}

/** The items of a list as fields; an absent list is empty. Items beyond the first twenty are counted, not read. */
export function readItems(
	field: Field,
	size: { min?: number; max: number; unit: string },
): Field[] | undefined {
	const { value, pointer, report } = field;
	if (isAbsent(field) && !size.min) return [];
	if (!Array.isArray(value)) {
		const message = `Send a list of ${size.unit}, in brackets.`;
		return refuse(field, isAbsent(field) ? "required" : "wrong_type", {
			message,
		});
	}
	if (value.length > size.max) {
		const message = `Send at most ${size.max} ${size.unit}; there are ${value.length}.`;
		refuse(field, "too_many", { message });
	}
	if (value.length < (size.min ?? 0)) {
		const message = `Send at least ${size.min} ${size.unit}; there are ${value.length}.`;
		refuse(field, "too_few", { message });
	}
	return value.slice(0, reportLimit).map((item: unknown, index) => ({
		value: item,
		pointer: joinPointer(pointer, index),
		report,
	}));
}
