import type { Command } from "../command.ts";
import { followJob } from "../follow-job.ts";

/** `reelay watch`: follows a job to its end. */
export const watch: Command = {
	name: "watch",
	takes: "<id>",
	arity: { min: 1, max: 1 },
	summary: "Follows a job to its end",
	details: [
		"Begins with what it is now, and may be left and begun again at any time. --json prints the job whenever it changes.",
	],
	flags: {
		timeout: { type: "string", value: "S", help: "how long to wait" },
	},
	run: (context) => followJob(context, context.args[0] ?? ""),
};
