/** Makes, lists and changes tenants, without a key. */
import { runCommand } from "../command/run-command.ts";
import { tenantsCommand } from "./run-tenants.ts";

process.exitCode = await runCommand(tenantsCommand, {
	argv: process.argv.slice(2),
	env: process.env,
	print: console.log,
	complain: console.error,
});
