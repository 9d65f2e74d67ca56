import { setTimeout as delay } from "node:timers/promises";
import type { Api } from "./api.ts";
import type { ProgressRow, ProgressView } from "./progress.ts";
import type { Arrival } from "./receiver.ts";

export type WatchedJob = {
	name: string;
	/** Null when it was not accepted. */
	id: string | null;
	/** Where its webhook comes in. */
	path: string;
};

const pollMs = 250;

/**
 * Shows how the jobs come along until each one has its webhook or can have
 * none, or until `deadlineMs` have gone by since `startedAtMs`. What it sees
 * is for the eye: the end is judged by what is asked afterwards.
 */
export async function watchJobs(input: {
	api: Pick<Api, "listJobs">;
	jobs: WatchedJob[];
	arrivals: readonly Arrival[];
	view: ProgressView;
	startedAtMs: number;
	deadlineMs: number;
	signal: AbortSignal;
}): Promise<void> {
	const { api, jobs, arrivals, view, startedAtMs, signal } = input;
	let rows = jobs.map(newRow);
	for (;;) {
		const views = await api.listJobs();
		const elapsedMs = Date.now() - startedAtMs;
		rows = rows.map((row, n) => {
			const job = jobs[n];
			const state = views.find(({ id }) => id === job?.id)?.state;
			const arrival = arrivals.find(({ path }) => path === job?.path);
			const told = arrival && {
				...arrival,
				atMs: arrival.atMs - startedAtMs,
			};
			return advanceRow(row, { state, arrival: told, elapsedMs });
		});
		view.update(rows, elapsedMs);
		if (rows.every(isOver) || elapsedMs > input.deadlineMs) return;
		await delay(pollMs, undefined, { signal });
	}
}

export function newRow({ name, id }: Pick<WatchedJob, "name" | "id">) {
	const state = id === null ? "refused" : "queued";
	const steps = [{ state, atMs: 0 }];
	return { name, steps, isDone: false, hasFailed: id === null };
}

/** Adds what is new to a row: a change of state, and at last the webhook. */
export function advanceRow(
	row: ProgressRow,
	seen: {
		state: string | undefined;
		arrival: Arrival | undefined;
		elapsedMs: number;
	},
): ProgressRow {
	if (isOver(row)) return row;
	const { arrival, elapsedMs } = seen;
	// The webhook is newer than the list, which was asked for before.
	const told = arrival?.event?.data?.state ?? seen.state;
	const steps = [...row.steps];
	const state = String(told ?? steps.at(-1)?.state);
	const atMs = arrival ? Math.min(arrival.atMs, elapsedMs) : elapsedMs;
	if (steps.at(-1)?.state !== state) steps.push({ state, atMs });
	if (!arrival) return { ...row, steps };

	const isVerified = arrival.refusal === null;
	steps.push({ state: isVerified ? "webhook" : "bad webhook", atMs });
	const isDone = isVerified && state === "succeeded";
	return { ...row, steps, isDone, hasFailed: !isDone };
}

function isOver({ isDone, hasFailed }: ProgressRow): boolean {
	return isDone || hasFailed;
}
