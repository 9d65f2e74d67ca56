import type { Command } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { stateText } from "../show-job.ts";

/** `reelay cancel`: cancels a job, and says what that did. */
export const cancel: Command = {
	name: "cancel",
	takes: "<id>",
	arity: { min: 1, max: 1 },
	summary: "Cancels a job, and says whether it still costs",
	flags: {},
	async run({ terminal, isJson, signal, args: [id = ""], reelay }) {
		const job = await reelay().jobs.cancel(id, { signal });
		if (isJson) terminal.out(JSON.stringify(job));
		else {
			const state = stateText(terminal, job.state);
			terminal.out(`${job.id}  ${state}  ${job.cancel.message}`);
		}
		return exitCodes.ok;
	},
};
