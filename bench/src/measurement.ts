/** One line of the table: ours beside a peer's, in the same run, and what must not have happened meanwhile. */
export type Measurement = {
	name: string;
	bell: string;
	ours: number;
	peer: number;
	peerName: string;
	/** What our figure must be of the peer's, at least or at most. */
	bar: { least: number } | { most: number };
	counters: Record<string, number>;
};

/** The middle one; the mean of two. */
export function median(figures: readonly number[]): number {
	const sorted = [...figures].sort((a, b) => a - b);
	const middle = (sorted.length - 1) / 2;
	const low = sorted[Math.floor(middle)] ?? Number.NaN;
	const high = sorted[Math.ceil(middle)] ?? Number.NaN;
	return (low + high) / 2;
}

export const ratioOf = ({ ours, peer }: Measurement): number => ours / peer;

export function isMet(measurement: Measurement): boolean {
	const { bar } = measurement;
	const ratio = ratioOf(measurement);
	return "least" in bar ? ratio >= bar.least : ratio <= bar.most;
}
