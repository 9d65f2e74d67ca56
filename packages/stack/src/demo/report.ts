import type { TimelineEntry } from "./api.ts";
import { describeInput } from "./jobs.ts";
import { describeSteps } from "./progress.ts";
import type { Outcome } from "./run-demo.ts";
import { renderTable, type TableRow } from "./table.ts";

const headers = ["job", "mode", "states", "cost", "webhook", "result"];

/** The table, and below it one sentence about the whole. */
export function renderReport(
	outcomes: Outcome[],
	{ width, elapsedMs }: { width: number | null; elapsedMs: number },
): string {
	const table = renderTable(headers, outcomes.map(toRow), width);
	return `${table}\n\n${summarise(outcomes)} in ${(elapsedMs / 1_000).toFixed(1)} s.`;
}

export function isAllRight(outcomes: Outcome[]): boolean {
	return outcomes.length > 0 && outcomes.every(isRight);
}

function isRight({ job, problems }: Outcome): boolean {
	const { webhook, rest } = problems;
	return job !== null && webhook.length === 0 && rest.length === 0;
}

function toRow({ planned, job, timeline, problems }: Outcome): TableRow {
	const isVerified = job !== null && problems.webhook.length === 0;
	return {
		cells: [
			planned.name,
			describeInput(planned.input),
			describeTimeline(timeline) || "-",
			job?.cost.points == null ? "-" : `${job.cost.points} points`,
			isVerified ? "verified" : "NOT RIGHT",
			job?.result?.urls[0] ?? "-",
		],
		notes: [...problems.rest, ...problems.webhook].map(
			(problem) => `  ✗ ${problem}`,
		),
	};
}

// The timeline's words are the job's states but for the first, and for a
// submission that was not taken.
const words: Record<string, string> = {
	accepted: "queued",
	requeued: "queued",
};

function describeTimeline(timeline: TimelineEntry[]): string {
	const start = Date.parse(timeline[0]?.at ?? "");
	return describeSteps(
		timeline.map(({ type, at }) => ({
			state: words[type] ?? type,
			atMs: Date.parse(at) - start,
		})),
	);
}

function summarise(outcomes: Outcome[]): string {
	const verified = outcomes.filter(
		({ job, problems }) => job !== null && problems.webhook.length === 0,
	);
	const points = outcomes.reduce(
		(sum, { job }) => sum + (job?.cost.points ?? 0),
		0,
	);
	const wrong = outcomes.filter((outcome) => !isRight(outcome)).length;
	const told = [
		`${outcomes.length} jobs`,
		`${verified.length} verified webhooks`,
		`${points.toLocaleString("en")} points`,
		...(wrong > 0 ? [`${wrong} NOT RIGHT`] : []),
	];
	return told.join(", ");
}
