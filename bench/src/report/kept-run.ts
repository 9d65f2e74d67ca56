import type { Measurement } from "../measurement.ts";
import type { Machine } from "./machine.ts";

/** One whole run, as it is kept. */
export type KeptRun = {
	startedAt: Date;
	machine: Machine;
	measurements: Measurement[];
};

/** For each line of the newest run, the same line of every run that has it, newest first. */
export function sameIn(runs: readonly KeptRun[]): Measurement[][] {
	const [newest, ...others] = runs;
	return (newest?.measurements ?? []).map((one) => [
		one,
		...others.flatMap(({ measurements }) => {
			const same = measurements.find(
				({ name, bell, fill, peerName }) =>
					name === one.name &&
					bell === one.bell &&
					fill === one.fill &&
					peerName === one.peerName,
			);
			return same ?? [];
		}),
	]);
}
