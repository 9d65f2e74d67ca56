import type { Job, ListJobs } from "@reelay/client";
import type { Command, Flags } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { promptOf } from "../show-job.ts";
import { table } from "../terminal.ts";

const usualCount = 20;
const pageSize = 100;
const promptLength = 48;

/** `reelay list`: your jobs, newest first. */
export const list: Command = {
	name: "list",
	takes: "",
	arity: { min: 0, max: 0 },
	summary: "Lists your jobs, newest first",
	flags: {
		state: {
			type: "string",
			multiple: true,
			value: "STATE",
			help: "only jobs in this state, or several with commas",
		},
		tag: {
			type: "string",
			multiple: true,
			value: "TAG",
			help: "only jobs with this tag",
		},
		metadata: {
			type: "string",
			multiple: true,
			value: "KEY=VALUE",
			help: "only jobs with this in their metadata",
		},
		"external-id": {
			type: "string",
			value: "ID",
			help: "only the job with your own id",
		},
		batch: { type: "string", value: "ID", help: "only the jobs of a batch" },
		from: {
			type: "string",
			value: "INSTANT",
			help: "only jobs accepted then or later",
		},
		before: {
			type: "string",
			value: "INSTANT",
			help: "only jobs accepted earlier",
		},
		limit: { type: "string", value: "N", help: "how many; 20 if not said" },
		all: { type: "boolean", help: "every one" },
	},
	async run({ terminal, isJson, signal, flags, reelay }) {
		const most = flags.isSet("all")
			? Number.POSITIVE_INFINITY
			: (flags.number("limit", 1) ?? usualCount);
		const query = { ...filtersOf(flags), limit: Math.min(most, pageSize) };
		const jobs: Job[] = [];
		let count = 0;
		for await (const job of reelay().jobs.list(query, { signal })) {
			count += 1;
			if (isJson) terminal.out(JSON.stringify(job));
			else jobs.push(job);
			if (count >= most) break;
		}
		if (!isJson) show(jobs, (line) => terminal.out(line));
		return exitCodes.ok;
	},
};

function filtersOf(flags: Flags): ListJobs {
	const states = flags.list("state").flatMap((word) => word.split(","));
	return {
		// A state that there is none of is told by the API, with those that there are.
		state: states as NonNullable<ListJobs["state"]>,
		tag: flags.list("tag"),
		metadata: flags.list("metadata").map((pair) => pair.replace("=", ":")),
		external_id: flags.text("external-id"),
		batch: flags.text("batch"),
		created_from: flags.text("from"),
		created_before: flags.text("before"),
	};
}

function show(jobs: readonly Job[], out: (line: string) => void): void {
	if (jobs.length === 0) {
		out("There are no such jobs.");
		return;
	}
	const rows = jobs.map((job) => [
		job.id,
		job.state,
		job.created_at.slice(0, 19).replace("T", " "),
		promptOf(job).slice(0, promptLength),
	]);
	for (const line of table([["ID", "STATE", "CREATED", "PROMPT"], ...rows])) {
		out(line);
	}
}
