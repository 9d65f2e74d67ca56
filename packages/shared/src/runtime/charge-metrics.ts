import type { Metrics } from "./metrics.ts";

/**
 * Counts what the provider says it has charged, in the process that hears it first: the worker, of an answer; the
 * receiver, of a callback. Counters, because a sum over the history would read all of it; a crash between a commit and its
 * count loses that count, so the exact sum is in the rows.
 */
export function createChargeMetrics(
	metrics: Metrics,
): (points: number | null) => void {
	const submissions = metrics.counter(
		"charged_submissions_total",
		"Submissions that the provider said it has charged for.",
	);
	const points = metrics.counter(
		"charged_points_total",
		"Points that the provider said it has charged.",
	);
	return (charged) => {
		submissions.inc();
		points.inc(Math.max(0, charged ?? 0));
	};
}
