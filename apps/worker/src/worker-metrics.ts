import { createChargeMetrics } from "@reelay/shared/runtime/charge-metrics";
import type { Metrics } from "@reelay/shared/runtime/metrics";
import type { Database } from "@reelay/shared/store/database";
import { watchRows } from "./watch-rows.ts";

/** The worker's own counters; names and labels follow the columns. */
export function createWorkerMetrics(metrics: Metrics) {
	return {
		submissions: metrics.counter(
			"submissions_total",
			"Submissions recorded, by the state that their job came to.",
			["job_state"],
		),
		attempts: metrics.counter(
			"delivery_attempts_total",
			"Attempts of deliveries, by outcome.",
			["outcome"],
		),
		sweepRows: metrics.counter(
			"sweep_rows_total",
			"Rows that a sweep repaired or moved on.",
			["sweep"],
		),
		prunedRows: metrics.counter(
			"pruned_rows_total",
			"Rows that were removed by age, by table.",
			["table"],
		),
		ringsLost: metrics.counter(
			"rings_lost_total",
			"Rings that the queue's engine did not take; a sweep rings again.",
			[],
		),
		charged: createChargeMetrics(metrics),
		/** Reads the numbers whenever metrics are collected. */
		watch(
			db: Database,
			inFlight: { submissions(): number; attempts(): number },
		) {
			metrics.watch("in_flight", "What this worker waits for right now.", {
				label: "kind",
				read: async () => ({
					submission: inFlight.submissions(),
					attempt: inFlight.attempts(),
				}),
			});
			watchRows(metrics, db);
		},
	};
}
