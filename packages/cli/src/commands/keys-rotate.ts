import type { Command } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { showNewKey } from "../show-key.ts";

/** `reelay keys rotate`: a new key in the place of one, which goes on for a while. */
export const keysRotate: Command = {
	name: "keys rotate",
	takes: "<id>",
	arity: { min: 1, max: 1 },
	summary: "Makes a new key in the place of one, which goes on for a while",
	flags: {
		overlap: {
			type: "string",
			value: "S",
			help: "how many seconds both are valid; a day if not said",
		},
	},
	async run({ terminal, isJson, signal, args: [id = ""], flags, reelay }) {
		const overlap = flags.number("overlap");
		const body = overlap === undefined ? {} : { overlap_s: overlap };
		showNewKey(
			{ terminal, isJson },
			await reelay().keys.rotate(id, body, { signal }),
		);
		return exitCodes.ok;
	},
};
