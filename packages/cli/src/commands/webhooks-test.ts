import type { TestEndpoint } from "@reelay/client";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { plain } from "../terminal.ts";

/** `reelay webhooks test`: sends a sample event and shows the attempt. */
export const webhooksTest: Command = {
	name: "webhooks test",
	takes: "<endpoint id>",
	arity: { min: 1, max: 1 },
	summary: "Sends a sample event, and shows what came of it",
	flags: {
		type: { type: "string", value: "TYPE", help: "webhook.ping if not said" },
	},
	async run({ terminal, isJson, signal, args: [id = ""], flags, reelay }) {
		const type = flags.text("type") as TestEndpoint["type"];
		const tested = await reelay().endpoints.test(id, { type }, { signal });
		const { attempt, delivery } = tested;
		if (isJson) terminal.out(JSON.stringify(tested));
		else if (attempt === null) {
			terminal.out(
				`${delivery.id}  no worker made the attempt yet; it is made later`,
			);
		} else {
			const { outcome, status, failure, duration_ms } = attempt;
			const took = `${Math.round(duration_ms)} ms`;
			const words = [outcome, status ?? "no answer", took].join("  ");
			terminal.out(`${delivery.id}  ${words}`);
			if (failure !== null) {
				terminal.out(`  ${plain(failure.reason)}\n  ${plain(failure.fix)}`);
			}
		}
		return attempt?.outcome === "delivered" ? exitCodes.ok : exitCodes.failed;
	},
};
