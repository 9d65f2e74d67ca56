import type { Reelay } from "@reelay/client";
import type { ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** One flag: what `--help` says of it, and how it is read. */
export type Flag = {
	type: "string" | "boolean";
	multiple?: boolean;
	short?: string;
	/** What stands for the value in `--help`. */
	value?: string;
	help: string;
};

export type FlagValues = Readonly<
	Record<string, string | boolean | (string | boolean)[] | undefined>
>;

/** What every command works with. */
export type Context = {
	terminal: Terminal;
	/** Whether output is JSON, one document a line. */
	isJson: boolean;
	/** Aborted by Ctrl-C. */
	signal: AbortSignal;
	args: readonly string[];
	flags: Flags;
	/** The API; throws a UsageError when it is not said where it is, or with which key. */
	reelay(): Reelay;
	settings: Settings;
	readInput(): Promise<string>;
};

/** Where the API is and who we are, as far as anybody said so. */
export type Settings = {
	url: string;
	/** Where the address is from, for people. */
	urlSource: string;
	apiKey: string | null;
	apiKeySource: string | null;
	webhookSecret: string | null;
};

export type Command = {
	/** As it is typed: `webhooks listen`. */
	name: string;
	/** What comes behind the name: `<id>`. */
	takes: string;
	/** How many words may come behind the name. */
	arity: { min: number; max: number };
	summary: string;
	/** Further lines of `--help`. */
	details?: readonly string[];
	flags: Readonly<Record<string, Flag>>;
	run(context: Context): Promise<ExitCode>;
};

/** Typed access to the flags that were given. */
export type Flags = {
	text(name: string): string | undefined;
	isSet(name: string): boolean;
	list(name: string): string[];
	/** A number of at least `min`; anything else is a UsageError. */
	number(name: string, min?: number): number | undefined;
};
