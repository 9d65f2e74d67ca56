/** Makes, lists, rotates and revokes API keys, without a key: for the first one, and for when none is left. */
import { runCommand } from "../command/run-command.ts";
import { keysCommand } from "./run-keys.ts";

process.exitCode = await runCommand(keysCommand, {
	argv: process.argv.slice(2),
	env: process.env,
	print: console.log,
	complain: console.error,
});
