import type { Job } from "@reelay/client";
import { plain, type Style, type Terminal } from "./terminal.ts";

const styles: Readonly<Record<string, Style>> = {
	succeeded: "green",
	failed: "red",
	expired: "red",
	cancelled: "yellow",
	unknown: "yellow",
	overdue: "yellow",
};

/** A job's state, in the colour of what it means. */
export function stateText(terminal: Terminal, state: string): string {
	return terminal.style(styles[state] ?? "dim", state);
}

/** A job for people: what it is, what came of it, and what it cost. */
export function showJob(terminal: Terminal, job: Job): void {
	const { cost, error, result } = job;
	const rows: [string, string | null][] = [
		["state", stateText(terminal, job.state)],
		["waits for", job.waiting_for],
		["error", error === null ? null : `${error.message} (${error.code})`],
		["provider", error?.provider?.message ?? null],
		["prompt", promptOf(job)],
		["external id", job.external_id],
		["tags", job.tags.length === 0 ? null : job.tags.join(", ")],
		["cost", costText(cost)],
		["created", job.created_at],
		["finished", job.finished_at],
		...(result?.urls ?? []).map((url): [string, string] => ["video", url]),
	];
	terminal.out(terminal.style("bold", job.id));
	for (const [name, value] of rows) {
		if (value === null || value === "") continue;
		const text = name === "state" ? value : plain(value);
		terminal.out(`  ${name.padEnd(12)}${text}`);
	}
}

/** What a job is about, in a few words; an erased one has none. */
export function promptOf({ input }: Pick<Job, "input">): string {
	const first = input?.prompt ?? input?.multi_prompt?.[0]?.prompt ?? "";
	return plain(first);
}

function costText({ points, charged }: Job["cost"]): string {
	if (charged === "no") return "nothing";
	const amount = points === null ? "unknown" : `${points} points`;
	return charged === "yes" ? amount : `${amount}, possibly`;
}
