import type { Latency, Measurement } from "../measurement.ts";
import { ratioOf } from "../measurement.ts";
import { type KeptRun, sameIn } from "./kept-run.ts";
import { box, line, toSvg, words } from "./svg.ts";
import { labelOf } from "./table.ts";

const labelWidth = 520;
const plotWidth = 420;
const width = labelWidth + plotWidth + 60;
const rowHeight = 26;
const top = 50;

/** How many times better than its bar a ratio is: 1 is just enough, whichever way it must be. */
export function marginOf(measurement: Measurement): number {
	const { bar } = measurement;
	if (bar === undefined) return Number.NaN;
	const ratio = ratioOf(measurement);
	return "least" in bar ? ratio / bar.least : bar.most / ratio;
}

/** Every ratio with a bar, as far as it is from it; the runs beside each other. */
export function plotRatios(runs: readonly KeptRun[]): string {
	const rows = sameIn(runs).filter(([one]) => one?.bar !== undefined);
	const most = 3;
	const xOf = (margin: number) =>
		labelWidth + (Math.min(margin, most) / most) * plotWidth;
	const bottom = top + rows.length * rowHeight;
	const upright = (at: number, look: string) =>
		line({ x: xOf(at), y: top - 8 }, { x: xOf(at), y: bottom }, look);
	const ticks = [0, 0.5, 1, 1.5, 2, 2.5, 3].flatMap((tick) => [
		upright(tick, "grid"),
		words({ x: xOf(tick), y: top - 14 }, `${tick}`, {
			anchor: "middle",
			look: "faint",
		}),
	]);
	const bars = rows.flatMap((same, n) => {
		const y = top + n * rowHeight;
		const [one] = same as [Measurement];
		const furthest = Math.max(...same.map((run) => xOf(marginOf(run))));
		const end = { x: furthest + 6, y: y + 14 };
		return [
			words({ x: labelWidth - 8, y: y + 14 }, labelOf(one), { anchor: "end" }),
			...same.map((run, age) =>
				box(
					{ x: labelWidth, y: y + 3 + age * 9 },
					{ width: xOf(marginOf(run)) - labelWidth, height: 8 },
					age === 0 ? "ours" : "before",
				),
			),
			words(end, `${marginOf(one).toFixed(2)}×`, { look: "faint" }),
		];
	});
	return toSvg({
		title:
			"How many times better than its bar each ratio is (dashed: the bar; pale: the run before)",
		width,
		height: bottom + 12,
		shapes: [...ticks, ...bars, upright(1, "bar")],
	});
}

/** From the median to the 99th percentile, ours above what is beside it, on a logarithmic scale; the newest run. */
export function plotLatencies(runs: readonly KeptRun[]): string {
	const rows = (runs[0]?.measurements ?? []).filter(({ latency }) => latency);
	const [least, most] = [0.1, 10_000];
	const xOf = (ms: number) => {
		const share = Math.log10(ms / least) / Math.log10(most / least);
		return labelWidth + Math.min(Math.max(share, 0), 1) * plotWidth;
	};
	const bottom = top + rows.length * rowHeight;
	const ticks = [0.1, 1, 10, 100, 1_000, 10_000].flatMap((tick) => [
		line({ x: xOf(tick), y: top - 8 }, { x: xOf(tick), y: bottom }, "grid"),
		words({ x: xOf(tick), y: top - 14 }, `${tick} ms`, {
			anchor: "middle",
			look: "faint",
		}),
	]);
	const spans = rows.flatMap((one, n) => {
		const y = top + n * rowHeight;
		const span = (latency: Latency | undefined, at: number, look: string) =>
			latency === undefined
				? []
				: box(
						{ x: xOf(latency.p50), y: at },
						{ width: xOf(latency.p99) - xOf(latency.p50), height: 8 },
						look,
					);
		return [
			words({ x: labelWidth - 8, y: y + 14 }, labelOf(one), { anchor: "end" }),
			...[span(one.latency?.ours, y + 3, "ours")].flat(),
			...[span(one.latency?.peer, y + 12, "peer")].flat(),
		];
	});
	return toSvg({
		title:
			"Latency from the median to the 99th percentile (above: ours; below: what is beside it)",
		width,
		height: bottom + 12,
		shapes: [...ticks, ...spans],
	});
}
