import type { Key } from "@reelay/client";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { plain, table } from "../terminal.ts";

/** `reelay keys list`: the keys of your tenant. */
export const keysList: Command = {
	name: "keys list",
	takes: "",
	arity: { min: 0, max: 0 },
	summary: "Lists your keys, also those that have ended",
	flags: {},
	async run({ terminal, isJson, signal, reelay }) {
		const keys: Key[] = [];
		for await (const key of reelay().keys.list({}, { signal })) {
			if (isJson) terminal.out(JSON.stringify(key));
			else keys.push(key);
		}
		if (isJson) return exitCodes.ok;
		const rows = keys.map((key) => [
			key.id,
			key.state,
			key.prefix,
			plain(key.name),
			key.scopes.join(","),
			key.last_used_at ?? "never used",
		]);
		const heads = ["ID", "STATE", "PREFIX", "NAME", "SCOPES", "LAST USED"];
		for (const line of table([heads, ...rows])) terminal.out(line);
		return exitCodes.ok;
	},
};
