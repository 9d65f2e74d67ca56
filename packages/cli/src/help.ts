import type { Command, Flag } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { commonFlags } from "./flags.ts";
import { table } from "./terminal.ts";

const exits = [
	[exitCodes.ok, "done; with --wait and watch: the job has its video"],
	[
		exitCodes.failed,
		"the job ended without a video, or doctor found something",
	],
	[exitCodes.usage, "the command line is wrong; nothing was sent"],
	[exitCodes.unreachable, "no answer, not Reelay's, or not for this key"],
	[exitCodes.refused, "the API refuses this request"],
	[exitCodes.waiting, "--timeout is over; the job goes on"],
	[exitCodes.interrupted, "Ctrl-C"],
] as const;

/** What `reelay --help` says. */
export function helpOfAll(commands: readonly Command[]): string {
	const rows = commands.map(({ name, takes, summary }) => [
		`  reelay ${name} ${takes}`.trimEnd(),
		summary,
	]);
	return [
		"The command line of Reelay, a self-hosted queue for AI video generation.",
		"",
		...table(rows),
		"",
		"Every command:",
		...flagRows(commonFlags),
		"",
		"Exit codes:",
		...table(exits.map(([code, meaning]) => [`  ${code}`, meaning])),
		"",
		"reelay <command> --help says more of one.",
	].join("\n");
}

/** What `reelay <command> --help` says. */
export function helpOf(command: Command): string {
	const { name, takes, summary, details = [], flags } = command;
	return [
		`Usage: reelay ${name} ${takes} [flags]`,
		"",
		`${summary}.`,
		...details,
		"",
		...flagRows({ ...flags, ...commonFlags }),
	].join("\n");
}

function flagRows(flags: Readonly<Record<string, Flag>>): string[] {
	return table(
		Object.entries(flags).map(([name, { short, value, help, multiple }]) => {
			const names = short === undefined ? `--${name}` : `-${short}, --${name}`;
			const times = multiple === true ? " (several times)" : "";
			return [
				`  ${names}${value === undefined ? "" : ` ${value}`}`,
				help + times,
			];
		}),
	);
}
