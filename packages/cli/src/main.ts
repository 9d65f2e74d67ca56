import { text } from "node:stream/consumers";
import { runProgram } from "./program.ts";
import { createTerminal } from "./terminal.ts";

// Whoever reads our output may have seen enough, as `head` has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (error.code === "EPIPE") process.exit(0);
	throw error;
});

// The first Ctrl-C lets a command say how to go on; the second ends the process as usual.
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
process.once("SIGTERM", () => interrupted.abort());

const { NO_COLOR } = process.env;
const noColor = NO_COLOR !== undefined && NO_COLOR !== "";

process.exitCode = await runProgram(process.argv.slice(2), {
	terminal: createTerminal(process.stdout, process.stderr, { noColor }),
	env: process.env,
	signal: interrupted.signal,
	readInput: () => text(process.stdin),
});
