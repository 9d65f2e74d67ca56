/** What an action says of an input's price before it is paid: what it depends on, in one word, and how long the video is. */
export type PriceTerms = { priceClass: string; videoSeconds: number };

/** The terms, and how many points a job is expected to cost: what its budgets reserve. */
export type ExpectedPrice = PriceTerms & { estimatePoints: number };

/**
 * What a job is expected to cost: what nine in ten of those before it have cost, or so much for each second where
 * nobody has paid for the like yet.
 */
export function decideExpectedPrice(
	terms: PriceTerms,
	known: { paidPoints: number | null; pointsPerSecond: number },
): ExpectedPrice {
	const guess = terms.videoSeconds * known.pointsPerSecond;
	const estimatePoints = Math.max(0, Math.ceil(known.paidPoints ?? guess));
	return { ...terms, estimatePoints };
}
