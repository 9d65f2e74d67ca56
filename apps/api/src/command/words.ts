import { parseArgs } from "node:util";

/** The command line asks for what there is not. */
export class UsageError extends Error {
	override readonly name = "UsageError";
}

/** What one verb of a command takes: options with a value, and how many things it is done to. */
export type Verb = {
	needs?: readonly string[];
	takes?: readonly string[];
	/** What stands behind the verb, such as `<id|prefix>`. */
	subject?: string;
};

/** A command line, read: which verb, to what, and with which options. */
export type Words = {
	verb: string;
	subject: string;
	options: Readonly<Record<string, string | undefined>>;
	isJson: boolean;
};

/** Reads a command line, or throws a UsageError that says what is wrong with it; null when help is asked for. */
export function readWords(
	given: readonly string[],
	verbs: Readonly<Record<string, Verb>>,
): Words | null {
	const { values, positionals } = parse(given, verbs);
	const { help, json, ...rest } = values;
	const options = rest as Words["options"];
	const [name, ...subjects] = positionals;
	if (help === true || name === "help") return null;
	const verb = name === undefined ? undefined : verbs[name];
	if (name === undefined || verb === undefined) {
		throw new UsageError(
			`Say one of ${Object.keys(verbs).join(", ")}${name === undefined ? "" : `, not "${name}"`}.`,
		);
	}
	checkOptions(name, verb, options);
	const expected = verb.subject === undefined ? 0 : 1;
	if (subjects.length !== expected) {
		throw new UsageError(
			expected === 0
				? `${name} takes nothing but options, not "${subjects.join(" ")}".`
				: `${name} needs one ${verb.subject}.`,
		);
	}
	return {
		verb: name,
		subject: subjects[0] ?? "",
		options,
		isJson: json === true,
	};
}

function parse(
	given: readonly string[],
	verbs: Readonly<Record<string, Verb>>,
) {
	const names = Object.values(verbs).flatMap(({ needs = [], takes = [] }) => [
		...needs,
		...takes,
	]);
	try {
		return parseArgs({
			args: [...given],
			allowPositionals: true,
			options: {
				...Object.fromEntries(
					names.map((name) => [name, { type: "string" as const }]),
				),
				json: { type: "boolean" },
				help: { type: "boolean", short: "h" },
			},
		});
	} catch (error) {
		throw new UsageError((error as Error).message);
	}
}

function checkOptions(
	name: string,
	{ needs = [], takes = [] }: Verb,
	options: Words["options"],
): void {
	const lacking = needs.filter((option) => !options[option]);
	if (lacking.length > 0) {
		throw new UsageError(
			`${name} needs ${lacking.map((option) => `--${option}`).join(" and ")}.`,
		);
	}
	const foreign = Object.keys(options).find(
		(option) => !needs.includes(option) && !takes.includes(option),
	);
	if (foreign !== undefined) {
		throw new UsageError(`${name} does not take --${foreign}.`);
	}
}
