import type { Command } from "../command.ts";
import { exitCodes } from "../exit-code.ts";

/** `reelay keys revoke`: ends a key. */
export const keysRevoke: Command = {
	name: "keys revoke",
	takes: "<id>",
	arity: { min: 1, max: 1 },
	summary: "Ends a key, within seconds",
	flags: {},
	async run({ terminal, isJson, signal, args: [id = ""], reelay }) {
		await reelay().keys.revoke(id, { signal });
		if (isJson) terminal.out(JSON.stringify({ id, state: "revoked" }));
		else terminal.out(`${id}  ${terminal.style("yellow", "revoked")}`);
		return exitCodes.ok;
	},
};
