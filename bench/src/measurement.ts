/** Half the answers came within the first, 99 of a hundred within the second; in milliseconds. */
export type Latency = { p50: number; p99: number; max?: number };

/** One line of the table: ours beside a peer's, in the same run, and what must not have happened meanwhile. */
export type Measurement = {
	name: string;
	bell: string;
	fill: string;
	unit: "a second" | "ms" | "MB";
	ours: number;
	peer: number;
	peerName: string;
	/** What our figure must be of the peer's, at least or at most; without one it is shown for comparison. */
	bar?: { least: number } | { most: number };
	latency?: { ours: Latency; peer?: Latency };
	/** A sentence that a reader needs to understand the figures. */
	note?: string;
	/** What happened meanwhile; see `faults` for those that must be 0. */
	counters: Record<string, number>;
};

/** The counters that make a rate worthless when they are not 0. */
export const faults = [
	"lost",
	"double_charged",
	"missed",
	"duplicated",
	"refused",
	"refused_by_a_peer",
];

/** The middle one; the mean of two. */
export function median(figures: readonly number[]): number {
	return quantile(figures, 0.5);
}

/** The figure that so large a share of all stay below, between neighbours in proportion; NaN of none. */
export function quantile(figures: ArrayLike<number>, share: number): number {
	const sorted = Float64Array.from(figures).sort();
	const place = (sorted.length - 1) * share;
	const low = sorted[Math.floor(place)] ?? Number.NaN;
	const high = sorted[Math.ceil(place)] ?? Number.NaN;
	return low + (high - low) * (place - Math.floor(place));
}

/** A latency of many. */
export function latencyOf(milliseconds: ArrayLike<number>): Required<Latency> {
	return {
		p50: quantile(milliseconds, 0.5),
		p99: quantile(milliseconds, 0.99),
		max: quantile(milliseconds, 1),
	};
}

/** The median of several rounds, each figure by itself, so that one disturbed round does not speak for all. */
export function medianLatency(
	rounds: readonly Required<Latency>[],
): Required<Latency> {
	return {
		p50: median(rounds.map(({ p50 }) => p50)),
		p99: median(rounds.map(({ p99 }) => p99)),
		max: median(rounds.map(({ max }) => max)),
	};
}

export const ratioOf = ({ ours, peer }: Measurement): number => ours / peer;

/** True also of what has no bar. */
export function isMet(measurement: Measurement): boolean {
	const { bar } = measurement;
	if (bar === undefined) return true;
	const ratio = ratioOf(measurement);
	return "least" in bar ? ratio >= bar.least : ratio <= bar.most;
}

/** False when anything was lost, paid twice, missed or doubled: then the figures say nothing. */
export function isCorrect({ counters }: Measurement): boolean {
	return faults.every((name) => (counters[name] ?? 0) === 0);
}

/**
 * What each thing costs over a filled database against the same over an empty one, for whatever was measured over both;
 * nothing may cost more than 1.3 times as much.
 */
export function filledAgainstEmpty(
	measurements: readonly Measurement[],
): Measurement[] {
	return measurements.flatMap((filled) => {
		const empty = measurements.find(
			({ name, bell, fill }) =>
				fill === "empty" && name === filled.name && bell === filled.bell,
		);
		if (filled.fill !== "filled" || empty === undefined) return [];
		const { name, bell, fill, unit, counters } = filled;
		const bar = unit === "a second" ? { least: 1 / 1.3 } : { most: 1.3 };
		return {
			name: `${name}, filled against empty`,
			...{ bell, fill, unit, counters, bar },
			ours: filled.ours,
			peer: empty.ours,
			peerName: "ours over an empty database",
		};
	});
}
