import type { UsageQuery, UsageRow } from "@reelay/client";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { plain, table } from "../terminal.ts";

/** `reelay usage`: what jobs have cost. */
export const usage: Command = {
	name: "usage",
	takes: "",
	arity: { min: 0, max: 0 },
	summary: "Says what your jobs have cost, in points",
	flags: {
		from: { type: "string", value: "DAY", help: "the first day, in UTC" },
		to: {
			type: "string",
			value: "DAY",
			help: "the last day; today if not said",
		},
		by: {
			type: "string",
			multiple: true,
			value: "WHAT",
			help: "day, mode, tag, state or key, with commas; day if not said",
		},
	},
	async run({ terminal, isJson, signal, flags, reelay }) {
		const given = flags.list("by").flatMap((word) => word.split(","));
		const by = given.length === 0 ? ["day"] : given;
		// A word that there is none of is told by the API, with those that there are.
		const query = {
			from: flags.text("from"),
			to: flags.text("to"),
			group_by: by as NonNullable<UsageQuery["group_by"]>,
		};
		const found = await reelay().usage(query, { signal });
		if (isJson) {
			terminal.out(JSON.stringify(found));
			return exitCodes.ok;
		}
		const heads = [...by.map((word) => word.toUpperCase()), ...countHeads];
		const rows = found.data.map((row) => [
			...by.map((word) => groupOf(row, word)),
			...countsOf(row),
		]);
		const total = [
			...by.map((_, n) => (n === 0 ? "total" : "")),
			...countsOf(found.total),
		];
		for (const line of table([heads, ...rows, total])) terminal.out(line);
		return exitCodes.ok;
	},
};

const countHeads = ["JOBS", "SECONDS", "SPENT", "POSSIBLE", "RESERVED"];

type Counts = Pick<
	UsageRow,
	| "jobs"
	| "video_seconds"
	| "spent_points"
	| "possible_points"
	| "reserved_points"
>;

function countsOf(counts: Counts): string[] {
	return [
		counts.jobs,
		counts.video_seconds,
		counts.spent_points,
		counts.possible_points,
		counts.reserved_points,
	].map(String);
}

function groupOf(row: UsageRow, word: string): string {
	const name = word === "key" ? "key_id" : word;
	const value = (row as Record<string, unknown>)[name];
	return plain(typeof value === "string" ? value : "-");
}
