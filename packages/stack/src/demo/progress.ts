export type ProgressRow = {
	name: string;
	/** Each state since the start, with the instant at which it was seen. */
	steps: { state: string; atMs: number }[];
	isDone: boolean;
	/** True once something about it cannot come right any more. */
	hasFailed: boolean;
};

export type ProgressView = {
	update(rows: ProgressRow[], elapsedMs: number): void;
};

export type Terminal = {
	write(text: string): unknown;
	isTTY?: boolean;
	columns?: number;
	rows?: number;
};

export type TerminalEnv = { NO_COLOR?: string; TERM?: string };

const sequence = "\u001b[";
const colours = { done: "32", failed: "31", waiting: "33" };
const symbols = { done: "✓", failed: "✗", waiting: "●" };

/**
 * Redraws one line for each job on a terminal that can; elsewhere, and where
 * the lines would not fit the screen, writes a line for each change of state.
 */
export function createProgressView(
	terminal: Terminal,
	env: TerminalEnv,
): ProgressView {
	let isLive = Boolean(terminal.isTTY) && env.TERM !== "dumb";
	let drawn: string[] = [];
	let before: ProgressRow[] = [];
	return {
		update(rows, elapsedMs) {
			if (drawn.length === 0 && rows.length + 2 > (terminal.rows ?? 24)) {
				isLive = false;
			}
			if (!isLive) {
				for (const line of changeLines(before, rows)) {
					terminal.write(`${line}\n`);
				}
				before = structuredClone(rows);
				return;
			}
			const lines = liveLines(rows, elapsedMs, {
				width: terminal.columns || 80,
				hasColour: !env.NO_COLOR,
			});
			terminal.write(redraw(drawn, lines));
			drawn = lines;
		},
	};
}

/** One line for each job, none of them wider than the terminal. */
export function liveLines(
	rows: ProgressRow[],
	elapsedMs: number,
	{ width, hasColour }: { width: number; hasColour: boolean },
): string[] {
	const widest = Math.max(...rows.map(({ name }) => name.length));
	const done = rows.filter(({ isDone }) => isDone).length;
	const head = `${done} of ${rows.length} jobs are done, ${seconds(elapsedMs)}`;
	const lines = rows.map((row) => {
		const look = row.hasFailed ? "failed" : row.isDone ? "done" : "waiting";
		const symbol = hasColour
			? `${sequence}${colours[look]}m${symbols[look]}${sequence}0m`
			: symbols[look];
		const text = `${row.name.padEnd(widest)}  ${describeSteps(row.steps)}`;
		// A line that wraps would be counted as one and drawn over as two.
		return `${symbol} ${cut(text, width - 3)}`;
	});
	return [cut(head, width - 1), ...lines];
}

/** What has changed since the last look, in order of time. */
export function changeLines(
	before: ProgressRow[],
	rows: ProgressRow[],
): string[] {
	const widest = Math.max(...rows.map(({ name }) => name.length));
	return rows
		.flatMap(({ name, steps }, n) =>
			steps
				.slice(before[n]?.steps.length ?? 0)
				.map(({ state, atMs }) => ({ name, state, atMs })),
		)
		.sort((a, b) => a.atMs - b.atMs)
		.map(
			({ name, state, atMs }) =>
				`${seconds(atMs).padStart(7)}  ${name.padEnd(widest)}  ${state}`,
		);
}

/** `queued 0.0 s → submitting 0.1 s → succeeded 2.3 s`. */
export function describeSteps(steps: ProgressRow["steps"]): string {
	return steps
		.map(({ state, atMs }) => `${state} ${seconds(atMs)}`)
		.join(" → ");
}

function seconds(ms: number): string {
	return `${(ms / 1_000).toFixed(1)} s`;
}

function redraw(drawn: string[], lines: string[]): string {
	const up = drawn.length > 0 ? `${sequence}${drawn.length}A` : "";
	return `${up}${lines.map((line) => `\r${sequence}2K${line}\n`).join("")}`;
}

function cut(text: string, columns: number): string {
	const characters = [...text];
	if (characters.length <= columns) return text;
	return `${characters.slice(0, Math.max(0, columns - 1)).join("")}…`;
}
