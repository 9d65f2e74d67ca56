/** Rows as columns of plain text, under their names. */
export function renderTable(
	names: readonly string[],
	rows: readonly (readonly string[])[],
): string {
	const all = [names, ...rows];
	const widths = names.map((_name, column) =>
		Math.max(...all.map((row) => row[column]?.length ?? 0)),
	);
	return all
		.map((row) =>
			row
				.map((cell, column) => cell.padEnd(widths[column] ?? 0))
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}
