import {
	faults,
	isCorrect,
	isMet,
	type Measurement,
	ratioOf,
} from "../measurement.ts";

/** The measurements of one run as a table in Markdown. */
export function toTable(measurements: readonly Measurement[]): string {
	const rows = measurements.map((one) => [
		one.name,
		one.bell,
		one.fill,
		figure(one.ours, one.unit),
		`${figure(one.peer, one.unit)} (${one.peerName})`,
		ratioOf(one).toFixed(2),
		barOf(one),
		verdictOf([one]),
		countersOf(one),
	]);
	const head = ["", "bell", "rows", "ours", "beside it", "ratio", "bar"];
	return markdownTable([...head, "", "counters"], rows);
}

/** Cells as a table; nothing in them is escaped but what would end a cell. */
export function markdownTable(
	head: readonly string[],
	rows: readonly (readonly string[])[],
): string {
	return [head, head.map(() => "---"), ...rows]
		.map((cells) => cells.map((cell) => cell.replaceAll("|", "\\|")))
		.map((cells) => `| ${cells.join(" | ")} |`)
		.join("\n");
}

/** What was measured, and on what. */
export const labelOf = ({ name, bell, fill }: Measurement): string =>
	`${name} (${bell}${fill === "filled" ? ", filled" : ""})`;

/** A figure with its unit, with as many digits as mean something. */
export function figure(value: number, unit: Measurement["unit"]): string {
	const digits = unit === "a second" ? 0 : value < 10 ? 2 : 1;
	const text = Number.isFinite(value) ? value.toFixed(digits) : "–";
	return unit === "a second" ? text : `${text} ${unit}`;
}

/** What the ratio must be, in words that fit a cell. */
export function barOf({ bar }: Measurement): string {
	if (bar === undefined) return "–";
	const [sign, value] =
		"least" in bar ? ["≥", bar.least] : (["≤", bar.most] as const);
	return `${sign} ${Number(value.toFixed(2))}`;
}

/** Of one line in one or several runs: whether each met its bar, and whether any of them counted a fault. */
export function verdictOf(runs: readonly Measurement[]): string {
	if (!runs.every(isCorrect)) return "WRONG";
	if (runs.every(({ bar }) => bar === undefined)) return "";
	if (runs.every(isMet)) return "met";
	return runs.some(isMet) ? "met once" : "NOT MET";
}

function countersOf({ counters }: Measurement): string {
	return Object.entries(counters)
		.sort(([a], [b]) => Number(faults.includes(a)) - Number(faults.includes(b)))
		.map(([name, count]) => `${count} ${name.replaceAll("_", " ")}`)
		.join(", ");
}
