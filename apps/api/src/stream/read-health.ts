import type { Logger } from "@reelay/shared/runtime/logger";
import type { Metrics } from "@reelay/shared/runtime/metrics";

/** Whether the statements behind the streams come to an end. Streams outlive those that do not. */
export type ReadHealth = { failed(error: unknown): void; succeeded(): void };

// A statement that keeps failing beside others that do not would else write a line with every try.
const sayAgainMs = 10_000;

/** Counts every failure, by what was to be read, and writes a line when they begin and one when they are over. */
export function createReadHealth(deps: {
	logger: Logger;
	metrics: Metrics;
	countOpen: () => number;
}): (of: "events" | "timeline" | "keys") => ReadHealth {
	const { logger, metrics, countOpen } = deps;
	const failures = metrics.counter(
		"stream_read_failures_total",
		"Statements behind open event streams that failed, by what they read; the streams stay open and go on.",
		["of"],
	);
	return (of) => {
		let isFailing = false;
		let saidAt = Number.NEGATIVE_INFINITY;
		return {
			failed(error) {
				failures.inc({ of });
				if (performance.now() - saidAt < sayAgainMs) return;
				saidAt = performance.now();
				isFailing = true;
				logger.warn(
					{ err: error, of, streams: countOpen() },
					"stream.readFailed",
				);
			},
			succeeded() {
				if (!isFailing) return;
				isFailing = false;
				logger.info({ of, streams: countOpen() }, "stream.readResumed");
			},
		};
	};
}
