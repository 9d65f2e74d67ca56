import type { Measurement } from "./measurement.ts";
import type { Scenario, Stage } from "./scenario.ts";

/** What came of a whole run; a scenario that could not be measured is a sentence in `failures`. */
export type Run = { measured: Measurement[]; failures: string[] };

export type RunOptions = {
	scenarios: readonly Scenario[];
	isShort: boolean;
	onProgress: (sentence: string) => void;
};

/** Measures one scenario after the other, on every stage on which it means something. */
export async function runScenarios({
	scenarios,
	isShort,
	onProgress,
}: RunOptions): Promise<Run> {
	const run: Run = { measured: [], failures: [] };
	for (const scenario of scenarios) {
		for (const stage of stagesOf(scenario, isShort)) {
			const where = `${scenario.name}, ${stage.bell} bell, ${stage.fill}`;
			const startedAt = performance.now();
			try {
				const found = await scenario.measure(stage);
				run.measured.push(...found);
				const seconds = (performance.now() - startedAt) / 1000;
				const skipped = found.length === 0 ? " SKIPPED: nothing ran" : "";
				onProgress(`${where}: ${seconds.toFixed(1)} s.${skipped}`);
			} catch (error) {
				// The others are worth knowing all the same.
				const { stack } = error as Error;
				run.failures.push(`${where}: ${stack}`);
				onProgress(`${where}: FAILED`);
			}
		}
	}
	return run;
}

function stagesOf({ bells, fills }: Scenario, isShort: boolean): Stage[] {
	return bells.flatMap((bell) =>
		fills.map((fill) => ({ bell, fill, isShort })),
	);
}
