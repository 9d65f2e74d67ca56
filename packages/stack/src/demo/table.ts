export type TableRow = {
	cells: string[];
	/** Lines below the row. */
	notes: string[];
};

const gap = "  ";

/**
 * Plain text columns. Where they do not fit the width, the last column moves
 * below each row, and where that does not fit either each row becomes a block
 * with one line for each cell. A width of null is as wide as it takes.
 */
export function renderTable(
	headers: string[],
	rows: TableRow[],
	width: number | null,
): string {
	const folded = rows.map(({ cells, notes }) => ({
		cells: cells.slice(0, -1),
		notes: [`${gap}${cells.at(-1)}`, ...notes],
	}));
	const tables = [
		renderColumns(headers, rows),
		renderColumns(headers.slice(0, -1), folded),
	];
	const fitting = tables.find(
		(lines) => width === null || Math.max(...lines.map(lengthOf)) <= width,
	);
	if (fitting) return fitting.join("\n");
	return rows.map((row) => renderBlock(headers, row)).join("\n");
}

function renderColumns(headers: string[], rows: TableRow[]): string[] {
	const all = [headers, ...rows.map(({ cells }) => cells)];
	const widths = headers.map((_, column) =>
		Math.max(...all.map((cells) => lengthOf(cells[column] ?? ""))),
	);
	const line = (cells: string[]) =>
		cells
			.map((cell, column) => pad(cell, widths[column] ?? 0))
			.join(gap)
			.trimEnd();
	const rule = widths.map((columns) => "─".repeat(columns)).join(gap);
	return [
		line(headers),
		rule,
		...rows.flatMap(({ cells, notes }) => [line(cells), ...notes]),
	];
}

function renderBlock(headers: string[], { cells, notes }: TableRow): string {
	const widest = Math.max(...headers.map(lengthOf));
	const [title = "", ...rest] = cells;
	const lines = rest.map(
		(cell, index) =>
			`${gap}${pad(headers[index + 1] ?? "", widest)}${gap}${cell}`,
	);
	return [title, ...lines, ...notes, ""].join("\n");
}

function pad(text: string, columns: number): string {
	return text + " ".repeat(Math.max(0, columns - lengthOf(text)));
}

function lengthOf(text: string): number {
	return [...text].length;
}
