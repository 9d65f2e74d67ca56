import { parseArgs } from "node:util";

/** What the command was asked for. */
export type ReconcileArguments = { from: Date; until: Date; isJson: boolean };

/** What the command understands. */
export const usage = `Compares what the provider says it was paid with our submissions. It changes nothing.

  --from, --to T   that time, such as 2026-11-22 or 2026-11-22T10:00Z; the last 24 hours, up to an hour ago, if it is not said
  --json           tells it as one JSON object

It ends with 0 if both agree, with 1 if they differ, and with 2 if the provider or our database could not be asked.`;

const dayMs = 86_400_000;
// What ended a moment ago may not be in the provider's list yet.
const settlesMs = 3_600_000;

/** Reads the arguments, or throws an Error that says what is wrong with them. */
export function readArguments(
	given: readonly string[],
	now: Date,
): ReconcileArguments {
	const { values } = parseArgs({
		args: [...given],
		options: {
			from: { type: "string" },
			to: { type: "string" },
			json: { type: "boolean", default: false },
		},
	});
	const until =
		values.to === undefined
			? new Date(now.getTime() - settlesMs)
			: instantOf("--to", values.to);
	const from =
		values.from === undefined
			? new Date(until.getTime() - dayMs)
			: instantOf("--from", values.from);
	if (from >= until) throw new Error("--from: it must be before --to.");
	return { from, until, isJson: values.json };
}

function instantOf(name: string, text: string): Date {
	const instant = new Date(text);
	if (Number.isNaN(instant.getTime())) {
		throw new Error(`${name}: "${text}" is not a time.`);
	}
	return instant;
}
