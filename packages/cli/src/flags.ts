import { parseArgs } from "node:util";
import type { Command, Flag, Flags, FlagValues } from "./command.ts";
import { UsageError } from "./exit-code.ts";

/** The flags of every command. */
export const commonFlags: Readonly<Record<string, Flag>> = {
	url: {
		type: "string",
		value: "URL",
		help: "where the API is (REELAY_URL; http://127.0.0.1:3000)",
	},
	"api-key": {
		type: "string",
		value: "KEY",
		help: "your key (REELAY_API_KEY, which no process list shows)",
	},
	json: { type: "boolean", help: "JSON, one document a line" },
	help: { type: "boolean", short: "h", help: "this text" },
};

/** Reads what stands behind a command's name. A misspelt flag is a UsageError. */
export function readFlags(
	command: Command,
	argv: readonly string[],
): { flags: Flags; args: string[] } {
	const known = { ...command.flags, ...commonFlags };
	const options = Object.fromEntries(
		Object.entries(known).map(([name, { type, multiple = false, short }]) => [
			name,
			{ type, multiple, ...(short === undefined ? {} : { short }) },
		]),
	);
	const { values, positionals } = parse(argv, options);
	const { min, max } = command.arity;
	// Who asks for help need not know yet what a command takes.
	const isWrong = positionals.length < min || positionals.length > max;
	if (isWrong && values.help !== true) {
		throw new UsageError(
			`Usage: reelay ${command.name} ${command.takes}\n(${positionals.length} words were given; see reelay ${command.name} --help)`,
		);
	}
	return { flags: flagsOf(values), args: positionals };
}

function parse(
	argv: readonly string[],
	options: NonNullable<Parameters<typeof parseArgs>[0]>["options"],
): { values: FlagValues; positionals: string[] } {
	try {
		return parseArgs({
			args: [...argv],
			options: options ?? {},
			allowPositionals: true,
		});
	} catch (error) {
		throw new UsageError((error as Error).message);
	}
}

function flagsOf(values: FlagValues): Flags {
	const text = (name: string) => {
		const value = values[name];
		return typeof value === "string" ? value : undefined;
	};
	return {
		text,
		isSet: (name) => values[name] === true,
		list: (name) => [values[name] ?? []].flat().map(String),
		number(name, min = 0) {
			const given = text(name);
			if (given === undefined) return undefined;
			const value = Number(given);
			if (given.trim() !== "" && Number.isFinite(value) && value >= min) {
				return value;
			}
			throw new UsageError(`--${name} must be a number of at least ${min}.`);
		},
	};
}
