import { styleText } from "node:util";

/** What a command reads and writes; a test or a pipe has no terminal. */
export type Terminal = {
	/** A line of what was asked for. */
	out(line: string): void;
	/** A line for whoever looks on; never part of what was asked for. */
	note(line: string): void;
	/** A line that the next one replaces; without a terminal it is not shown. */
	progress(line: string): void;
	isInteractive: boolean;
	style(style: Style, text: string): string;
};

export type Style = "bold" | "dim" | "red" | "green" | "yellow";

type Output = {
	write(text: string): unknown;
	isTTY?: boolean;
	columns?: number;
};

const eraseLine = "\r\u001b[2K";
const usualColumns = 80;

/** Colours and moving lines are for a terminal, and for nobody who sets NO_COLOR. */
export function createTerminal(
	stdout: Output,
	stderr: Output,
	{ noColor }: { noColor: boolean },
): Terminal {
	const isInteractive = stderr.isTTY === true;
	const hasColour = isInteractive && stdout.isTTY === true && !noColor;
	let hasProgress = false;
	const erase = () => {
		if (hasProgress) stderr.write(eraseLine);
		hasProgress = false;
	};
	return {
		isInteractive,
		out(line) {
			erase();
			stdout.write(`${line}\n`);
		},
		note(line) {
			erase();
			stderr.write(`${line}\n`);
		},
		progress(line) {
			if (!isInteractive) return;
			const columns = stderr.columns ?? usualColumns;
			stderr.write(`${eraseLine}${line.slice(0, columns - 1)}`);
			hasProgress = true;
		},
		style: (style, text) =>
			hasColour ? styleText(style, text, { validateStream: false }) : text,
	};
}

/** Text from elsewhere, without what would move a terminal's cursor or change its colours. */
export function plain(text: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken away
	return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}

/** Rows under their heads, each column as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
	const widths = rows.reduce<number[]>(
		(known, row) =>
			row.map((cell, column) => Math.max(known[column] ?? 0, cell.length)),
		[],
	);
	return rows.map((row) =>
		row
			.map((cell, column) => cell.padEnd(widths[column] ?? 0))
			.join("  ")
			.trimEnd(),
	);
}
