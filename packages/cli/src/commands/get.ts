import type { Command } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { showJob } from "../show-job.ts";

/** `reelay get`: shows a job. */
export const get: Command = {
	name: "get",
	takes: "<id>",
	arity: { min: 1, max: 1 },
	summary: "Shows a job",
	flags: {},
	async run({ terminal, isJson, signal, args: [id = ""], reelay }) {
		const job = await reelay().jobs.get(id, { signal });
		if (isJson) terminal.out(JSON.stringify(job));
		else showJob(terminal, job);
		return exitCodes.ok;
	},
};
