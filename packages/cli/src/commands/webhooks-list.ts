import type { Command } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { plain, table } from "../terminal.ts";

/** `reelay webhooks list`: your endpoints. */
export const webhooksList: Command = {
	name: "webhooks list",
	takes: "",
	arity: { min: 0, max: 0 },
	summary: "Lists the endpoints that hear of events",
	flags: {},
	async run({ terminal, isJson, signal, reelay }) {
		const endpoints = await reelay().endpoints.list({ signal });
		if (isJson) {
			for (const endpoint of endpoints) terminal.out(JSON.stringify(endpoint));
			return exitCodes.ok;
		}
		const rows = endpoints.map(({ id, url, events, disabled, health }) => [
			id,
			disabled === null ? health.state : "disabled",
			plain(url),
			events.join(","),
		]);
		const lines = table([["ID", "STATE", "URL", "EVENTS"], ...rows]);
		if (rows.length === 0) terminal.out("There are no endpoints.");
		else for (const line of lines) terminal.out(line);
		return exitCodes.ok;
	},
};
