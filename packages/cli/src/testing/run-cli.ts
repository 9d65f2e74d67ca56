import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export type CliRun = {
	child: ChildProcess;
	/** What was written so far. */
	stdout(): string;
	stderr(): string;
	/** Settles when this was written to one of both, and fails when the process ends before. */
	until(text: string): Promise<void>;
	/** Settles with the exit code, when all output is there. */
	ended: Promise<number | null>;
};

export type CliOptions = {
	env?: Record<string, string>;
	input?: string;
};

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const fromSource = ["--conditions=reelay-source", "--import", "tsx", main];

/** Starts `reelay` as a process of its own, from its sources and without a terminal. */
export function startCli(
	args: readonly string[],
	{ env = {}, input = "" }: CliOptions = {},
): CliRun {
	const child = spawn(process.execPath, [...fromSource, ...args], {
		cwd: root,
		env,
		stdio: ["pipe", "pipe", "pipe"],
	});
	let stdout = "";
	let stderr = "";
	let told = () => {};
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		stdout += text;
		told();
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		stderr += text;
		told();
	});
	child.stdin.on("error", () => {});
	child.stdin.end(input);
	let hasEnded = false;
	const ended = once(child, "close").then(([code]) => {
		hasEnded = true;
		told();
		return code as number | null;
	});
	return {
		child,
		stdout: () => stdout,
		stderr: () => stderr,
		async until(text) {
			while (!stdout.includes(text) && !stderr.includes(text)) {
				if (hasEnded) throw new Error(`it ended:\n${stdout}${stderr}`);
				await new Promise<void>((resolve) => {
					told = resolve;
				});
			}
		},
		ended,
	};
}

/** Runs it to its end. */
export async function runCli(
	args: readonly string[],
	options: CliOptions = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
	const run = startCli(args, options);
	const code = await run.ended;
	return { code, stdout: run.stdout(), stderr: run.stderr() };
}

/** Each line of output that is JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a test states what it expects, and a wrong guess fails it
export function jsonLines(text: string): any[] {
	const lines = text.split("\n").filter((line) => line !== "");
	return lines.map((line) => JSON.parse(line));
}
