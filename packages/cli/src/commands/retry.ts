import type { RetryJob } from "@reelay/client";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { followJob } from "../follow-job.ts";
import { showJob } from "../show-job.ts";

/** `reelay retry`: tries a job again that has no video. */
export const retry: Command = {
	name: "retry",
	takes: "<id>",
	arity: { min: 1, max: 1 },
	summary: "Tries a job again that failed, expired or was cancelled",
	details: [
		"A job is tried again once: the same command twice gives one job. To try a third time, retry the second job.",
	],
	flags: {
		prompt: { type: "string", value: "TEXT", help: "another prompt" },
		duration: { type: "string", value: "S", help: "another duration" },
		priority: { type: "string", value: "P", help: "high, normal or low" },
		wait: { type: "boolean", help: "wait for its end" },
		timeout: { type: "string", value: "S", help: "wait so long at most" },
	},
	async run(context) {
		const { terminal, isJson, signal, args, flags, reelay } = context;
		const { prompt, duration } = {
			prompt: flags.text("prompt"),
			duration: flags.text("duration"),
		};
		const priority = flags.text("priority") as RetryJob["priority"];
		const input = {
			...(prompt === undefined ? {} : { prompt }),
			...(duration === undefined ? {} : { duration }),
		};
		const changes: RetryJob = {
			...(Object.keys(input).length === 0 ? {} : { input }),
			...(priority === undefined ? {} : { priority }),
		};
		const job = await reelay().jobs.retry(args[0] ?? "", changes, { signal });
		if (flags.isSet("wait")) return followJob(context, job.id);
		if (isJson) terminal.out(JSON.stringify(job));
		else showJob(terminal, job);
		return exitCodes.ok;
	},
};
