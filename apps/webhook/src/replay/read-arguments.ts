import { parseArgs } from "node:util";
import { parseCallbackId } from "@reelay/shared/domain/callback-record";

/** What the command was asked for. */
export type ReplayArguments = {
	isDryRun: boolean;
	reason: string | null;
	since: Date | null;
	until: Date | null;
	/** One callback alone; files are left alone then. */
	id: bigint | null;
	adopts: boolean;
};

/** What the command understands. */
export const usage = `Reads callbacks that were set aside again, and applies what is understood now.

  --dry-run            only says what would become of each
  --reason TEXT        those whose reason has this part
  --since, --until T   those that were received in this time, such as 2026-11-22T10:00Z
  --id cb_…            this one alone, with what the provider said
  --adopt              with --id: takes it although it names another task`;

/** Reads the arguments, or throws an Error that says what is wrong with them. */
export function readArguments(given: readonly string[]): ReplayArguments {
	const { values } = parseArgs({
		args: [...given],
		options: {
			"dry-run": { type: "boolean", default: false },
			reason: { type: "string" },
			since: { type: "string" },
			until: { type: "string" },
			id: { type: "string" },
			adopt: { type: "boolean", default: false },
		},
	});
	const id = values.id === undefined ? null : parseCallbackId(values.id);
	if (values.id !== undefined && id === null) {
		throw new Error(`--id: "${values.id}" is not the id of a callback.`);
	}
	if (values.adopt && id === null) {
		throw new Error("--adopt is said of one callback: name it with --id.");
	}
	return {
		isDryRun: values["dry-run"],
		reason: values.reason ?? null,
		since: instantOf("--since", values.since),
		until: instantOf("--until", values.until),
		id,
		adopts: values.adopt,
	};
}

function instantOf(name: string, text: string | undefined): Date | null {
	if (text === undefined) return null;
	const instant = new Date(text);
	if (Number.isNaN(instant.getTime())) {
		throw new Error(`${name}: "${text}" is not a time.`);
	}
	return instant;
}
