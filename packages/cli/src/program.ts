import { Reelay, ReelayError } from "@reelay/client";
import type { Command, Context, Flags, Settings } from "./command.ts";
import { cancel } from "./commands/cancel.ts";
import { doctor } from "./commands/doctor.ts";
import { get } from "./commands/get.ts";
import { keysCreate } from "./commands/keys-create.ts";
import { keysList } from "./commands/keys-list.ts";
import { keysRevoke } from "./commands/keys-revoke.ts";
import { keysRotate } from "./commands/keys-rotate.ts";
import { list } from "./commands/list.ts";
import { retry } from "./commands/retry.ts";
import { submit } from "./commands/submit.ts";
import { usage } from "./commands/usage.ts";
import { watch } from "./commands/watch.ts";
import { webhooksCreate } from "./commands/webhooks-create.ts";
import { webhooksList } from "./commands/webhooks-list.ts";
import { webhooksListen } from "./commands/webhooks-listen.ts";
import { webhooksTest } from "./commands/webhooks-test.ts";
import {
	type ExitCode,
	exitCodeOf,
	exitCodes,
	UsageError,
} from "./exit-code.ts";
import { readFlags } from "./flags.ts";
import { helpOf, helpOfAll } from "./help.ts";
import type { Terminal } from "./terminal.ts";

/** Every command. A new one is a file in `commands` and a line here. */
export const commands: readonly Command[] = [
	submit,
	watch,
	list,
	get,
	cancel,
	retry,
	usage,
	keysList,
	keysCreate,
	keysRotate,
	keysRevoke,
	webhooksListen,
	webhooksList,
	webhooksCreate,
	webhooksTest,
	doctor,
];

export type Surroundings = {
	terminal: Terminal;
	env: Readonly<Record<string, string | undefined>>;
	signal: AbortSignal;
	readInput(): Promise<string>;
};

/** Runs a command line to its end and returns its exit code. It ends no process and writes to nothing but the terminal. */
export async function runProgram(
	argv: readonly string[],
	surroundings: Surroundings,
): Promise<ExitCode> {
	const { terminal } = surroundings;
	const isJson = argv.includes("--json");
	try {
		const [first] = argv;
		if (first === undefined || first === "--help" || first === "-h") {
			terminal.out(helpOfAll(commands));
			return first === undefined ? exitCodes.usage : exitCodes.ok;
		}
		const { command, rest } = findCommand(argv);
		const { flags, args } = readFlags(command, rest);
		if (flags.isSet("help")) {
			terminal.out(helpOf(command));
			return exitCodes.ok;
		}
		return await command.run(createContext(surroundings, { flags, args }));
	} catch (error) {
		const code = exitCodeOf(error);
		if (code === null) throw error;
		tellError(error as Error, terminal, isJson);
		return code;
	}
}

/** The command of the longest name that the line begins with. */
function findCommand(argv: readonly string[]): {
	command: Command;
	rest: string[];
} {
	const matching = commands.filter(({ name }) =>
		name.split(" ").every((word, index) => argv[index] === word),
	);
	const [command] = matching;
	if (command !== undefined) {
		return { command, rest: argv.slice(command.name.split(" ").length) };
	}
	const word = argv[0] ?? "";
	const group = commands.filter(({ name }) => name.startsWith(`${word} `));
	throw new UsageError(
		group.length === 0
			? `There is no command ${JSON.stringify(word)}; see reelay --help.`
			: `Say which: ${group.map(({ name }) => `reelay ${name}`).join(", ")}.`,
	);
}

const usualUrl = "http://127.0.0.1:3000";

function createContext(
	{ terminal, env, signal, readInput }: Surroundings,
	{ flags, args }: { flags: Flags; args: string[] },
): Context {
	const settings = readSettings(flags, env);
	return {
		terminal,
		signal,
		args,
		flags,
		settings,
		readInput,
		isJson: flags.isSet("json"),
		reelay: () => createClient(settings),
	};
}

function createClient({ apiKey, url }: Settings): Reelay {
	if (apiKey === null) {
		throw new UsageError(
			"There is no key: set REELAY_API_KEY. npm start prints one, and keeps it in .reelay/secrets.json.",
		);
	}
	try {
		return new Reelay({ apiKey, baseUrl: url });
	} catch (error) {
		throw new UsageError((error as Error).message);
	}
}

function readSettings(flags: Flags, env: Surroundings["env"]): Settings {
	const [url = usualUrl, urlSource] = firstOf([
		[flags.text("url"), "--url"],
		[env.REELAY_URL, "REELAY_URL"],
	]);
	const [apiKey = null, apiKeySource] = firstOf([
		[flags.text("api-key"), "--api-key"],
		[env.REELAY_API_KEY, "REELAY_API_KEY"],
	]);
	return {
		url,
		urlSource: urlSource ?? "by default",
		apiKey,
		apiKeySource: apiKeySource ?? null,
		webhookSecret: env.WEBHOOK_SECRET || null,
	};
}

/** The first that says something, and where it is from. */
function firstOf(
	sources: readonly (readonly [string | undefined, string])[],
): readonly [string?, string?] {
	return (sources.find(([value]) => value !== undefined && value !== "") ??
		[]) as readonly [string?, string?];
}

function tellError(error: Error, terminal: Terminal, isJson: boolean): void {
	const hint = hintFor(error);
	if (isJson && error instanceof ReelayError) {
		const { code, message, status, errors, requestId } = error;
		const { jobId, idempotencyKey, lastEventId } = error;
		terminal.out(
			JSON.stringify({
				error: {
					...{ code, message, status, errors, request_id: requestId },
					job_id: jobId,
					idempotency_key: idempotencyKey,
					last_event_id: lastEventId,
				},
			}),
		);
	}
	if (!(error instanceof ReelayError) || error.code !== "aborted") {
		terminal.note(`${terminal.style("red", "reelay:")} ${error.message}`);
	}
	if (hint !== null) terminal.note(hint);
}

/** How to go on, where there is a way. */
function hintFor(error: Error): string | null {
	if (!(error instanceof ReelayError)) return null;
	const { code, jobId, idempotencyKey, retryable } = error;
	if (code === "unauthorized") {
		return "Set REELAY_API_KEY to a valid key; reelay doctor looks further.";
	}
	if (jobId !== null && (code === "aborted" || retryable)) {
		return `The job goes on. Watch it with: reelay watch ${jobId}`;
	}
	if (idempotencyKey !== null && retryable) {
		return `Whether the job was accepted is not known. The same command with --idempotency-key ${idempotencyKey} makes no second one.`;
	}
	if (code === "connection_failed") return "reelay doctor looks further.";
	return null;
}
