import { isMet, type Measurement, ratioOf } from "./measurement.ts";

/** The measurements as a table in Markdown. */
export function toTable(measurements: readonly Measurement[]): string {
	const rows = measurements.map((one) => [
		one.name,
		one.bell,
		one.ours.toFixed(0),
		`${one.peer.toFixed(0)} (${one.peerName})`,
		ratioOf(one).toFixed(2),
		"least" in one.bar ? `>= ${one.bar.least}` : `<= ${one.bar.most}`,
		isMet(one) ? "met" : "NOT MET",
		Object.entries(one.counters)
			.map(([name, count]) => `${count} ${name.replaceAll("_", " ")}`)
			.join(", "),
	]);
	const head = ["", "bell", "ours", "peer", "ratio", "bar", "", "counters"];
	return [head, head.map(() => "---"), ...rows]
		.map((cells) => `| ${cells.join(" | ")} |`)
		.join("\n");
}
