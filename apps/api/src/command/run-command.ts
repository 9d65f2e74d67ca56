import { loadConfig } from "@reelay/shared/runtime/config";
import { ProblemError } from "@reelay/shared/runtime/problem-details";
import { type Database, openDatabase } from "@reelay/shared/store/database";
import type { z } from "zod";
import type { Actor } from "../change-key.ts";
import { allScopes } from "../middleware/authenticate.ts";
import { readWords, UsageError, type Verb, type Words } from "./words.ts";

/** Whoever may start a process with the database's address may do everything; so the audit log calls them. */
export const commandActor: Actor = { id: "command", scopes: allScopes };

/** What is printed when a command has done its work: for a program, or for a person. */
export type Outcome = { json: unknown; text: string };

export type Command<Schema extends z.ZodObject> = {
	/** As `npm run` calls it. */
	name: string;
	usage: string;
	verbs: Readonly<Record<string, Verb>>;
	/** The settings that it reads; `DATABASE_URL` is one of them. */
	schema: Schema;
	run(asked: {
		db: Database;
		config: z.output<Schema>;
		words: Words;
	}): Promise<Outcome>;
};

export type Surroundings = {
	argv: readonly string[];
	env: Record<string, string | undefined>;
	print: (text: string) => void;
	complain: (text: string) => void;
};

/**
 * Runs one command and returns its exit code: 0 when it is done, 1 when it could not be, 2 when it was asked for what there
 * is not. Nothing is printed to the output but what was asked for, so that a program can read it.
 */
export async function runCommand<
	Schema extends z.ZodObject<{ DATABASE_URL: z.ZodType<string> }>,
>(
	command: Command<Schema>,
	{ argv, env, print, complain }: Surroundings,
): Promise<number> {
	try {
		// `npm run` starts it by its name.
		const given = argv[0] === command.name ? argv.slice(1) : argv;
		const words = readWords(given, command.verbs);
		if (words === null) {
			print(command.usage);
			return 0;
		}
		const { json, text } = await runOpen(command, words, env);
		print(words.isJson ? JSON.stringify(json, null, 2) : text);
		return 0;
	} catch (error) {
		complain(sentenceOf(error));
		if (error instanceof UsageError) complain(`\n${command.usage}`);
		return isAskedWrongly(error) ? 2 : 1;
	}
}

async function runOpen<
	Schema extends z.ZodObject<{ DATABASE_URL: z.ZodType<string> }>,
>(
	command: Command<Schema>,
	words: Words,
	env: Surroundings["env"],
): Promise<Outcome> {
	const config = loadConfig(command.schema, env);
	// It refuses a database that lacks a migration, in words that say what to run.
	const database = await openDatabase({
		url: String(config.DATABASE_URL),
		applicationName: `reelay-${command.name}`,
		poolSize: 1,
	});
	try {
		return await command.run({ db: database.db, config, words });
	} finally {
		await database.close();
	}
}

function sentenceOf(error: unknown): string {
	if (!(error instanceof ProblemError)) return (error as Error).message;
	const mistakes = error.errors.map(
		({ pointer, detail }) => `  ${pointer?.slice(1) ?? ""}: ${detail}`,
	);
	return [error.detail, ...mistakes].join("\n");
}

function isAskedWrongly(error: unknown): boolean {
	if (error instanceof UsageError) return true;
	return error instanceof ProblemError && error.status === 422;
}
