import type { CreateKey } from "@reelay/client";
import type { Command } from "../command.ts";
import { exitCodes, UsageError } from "../exit-code.ts";
import { showNewKey } from "../show-key.ts";

/** `reelay keys create`: makes a key, and shows it this once. */
export const keysCreate: Command = {
	name: "keys create",
	takes: "<name>",
	arity: { min: 1, max: 1 },
	summary: "Makes a key, and shows it this once",
	flags: {
		scopes: {
			type: "string",
			multiple: true,
			value: "SCOPE",
			help: "what it opens, with commas: jobs:write,jobs:read,webhooks,admin",
		},
		expires: {
			type: "string",
			value: "INSTANT",
			help: "opens nothing from then on, such as 2027-01-31T00:00:00Z",
		},
	},
	async run({ terminal, isJson, signal, args: [name = ""], flags, reelay }) {
		const scopes = flags.list("scopes").flatMap((word) => word.split(","));
		if (scopes.length === 0) {
			throw new UsageError("Say what it may do: --scopes jobs:write,jobs:read");
		}
		const expires = flags.text("expires");
		// A scope that there is none of is told by the API, with those that there are.
		const body = {
			name,
			scopes: scopes as CreateKey["scopes"],
			...(expires === undefined ? {} : { expires_at: expires }),
		};
		const key = await reelay().keys.create(body, { signal });
		showNewKey({ terminal, isJson }, key);
		return exitCodes.ok;
	},
};
