import type { Command } from "../command.ts";
import { exitCodes } from "../exit-code.ts";

/** `reelay webhooks create`: makes an endpoint, and shows its secret this once. */
export const webhooksCreate: Command = {
	name: "webhooks create",
	takes: "<url>",
	arity: { min: 1, max: 1 },
	summary: "Makes an endpoint, and shows its secret this once",
	flags: {
		events: {
			type: "string",
			multiple: true,
			value: "TYPE",
			help: "video.*, or types with commas; the final ones if not said",
		},
		description: { type: "string", value: "TEXT", help: "for yourself" },
	},
	async run({ terminal, isJson, signal, args: [url = ""], flags, reelay }) {
		const events = flags.list("events").flatMap((word) => word.split(","));
		const endpoint = await reelay().endpoints.create(
			{
				url,
				...(events.length === 0 ? {} : { events }),
				description: flags.text("description"),
			},
			{ signal },
		);
		if (isJson) terminal.out(JSON.stringify(endpoint));
		else {
			terminal.out(terminal.style("bold", endpoint.id));
			terminal.out(`  secret      ${endpoint.secret}`);
			terminal.note(
				"The secret is shown this once: keep it where it verifies.",
			);
		}
		return exitCodes.ok;
	},
};
