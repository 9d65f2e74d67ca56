// Runs programs in this terminal, for the scripts beside it. Plain Node: it
// works before anything is installed.
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Ends the script with a sentence instead of a stack trace. */
export function fail(sentence) {
	process.stderr.write(`${sentence}\n`);
	process.exit(1);
}

/**
 * Runs a program to its end and returns its exit code, with its output when
 * that is asked for. A signal to us alone, as npm sends it, is passed on.
 */
export function run(program, args, { env = {}, captured = false } = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(program, args, {
			cwd: root,
			env: { ...process.env, ...env },
			stdio: captured ? ["ignore", "pipe", "pipe"] : "inherit",
		});
		const output = [];
		child.stdout?.on("data", (chunk) => output.push(chunk));
		child.stderr?.on("data", (chunk) => output.push(chunk));

		const passOn = (signal) => child.kill(signal);
		process.on("SIGINT", passOn).on("SIGTERM", passOn);
		child.once("error", reject);
		child.once("close", (code, signal) => {
			process.off("SIGINT", passOn).off("SIGTERM", passOn);
			if (signal === "SIGINT" || signal === "SIGTERM") process.exit(130);
			resolve({ code: code ?? 1, output: Buffer.concat(output).toString() });
		});
	});
}
