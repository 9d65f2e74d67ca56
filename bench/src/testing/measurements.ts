import type { Measurement } from "../measurement.ts";
import type { KeptRun } from "../report/kept-run.ts";

export function aMeasurement(
	different: Partial<Measurement> = {},
): Measurement {
	return {
		name: "accept",
		bell: "redis",
		fill: "empty",
		unit: "a second",
		ours: 3_500,
		peer: 1_000,
		peerName: "the usual way",
		counters: { lost: 0 },
		...different,
	};
}

export function aRun(
	measurements: Measurement[],
	startedAt = new Date("2026-01-02T03:04:05Z"),
): KeptRun {
	const machine = {
		cpu: "Some CPU",
		cores: 2,
		memoryGb: 8,
		node: "20.20.0",
		postgres: "17.10",
		redis: "Redis 7.0.15",
		commit: "0123456789",
	};
	return { startedAt, machine, measurements };
}
