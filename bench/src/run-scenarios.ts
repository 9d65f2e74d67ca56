import type { Measurement } from "./measurement.ts";
import type { Scenario, Stage } from "./scenario.ts";

/** What came of a whole run; a scenario that could not be measured is a sentence in `failures`. */
export type Run = { measured: Measurement[]; failures: string[] };

export type RunOptions = {
	scenarios: readonly Scenario[];
	isShort: boolean;
	onProgress: (sentence: string) => void;
};

/**
 * Measures one scenario after the other, on every stage on which it means something; in the short form on one of them, so
 * that of all the scenarios some run on each bell.
 */
export async function runScenarios({
	scenarios,
	isShort,
	onProgress,
}: RunOptions): Promise<Run> {
	const run: Run = { measured: [], failures: [] };
	for (const [place, scenario] of scenarios.entries()) {
		const all = stagesOf(scenario, isShort);
		const one = all[place % all.length];
		for (const stage of isShort && one ? [one] : all) {
			await runOne(run, { scenario, stage, onProgress });
		}
	}
	return run;
}

async function runOne(
	run: Run,
	{
		scenario,
		stage,
		onProgress,
	}: { scenario: Scenario; stage: Stage } & Pick<RunOptions, "onProgress">,
): Promise<void> {
	const where = `${scenario.name}, ${stage.bell} bell, ${stage.fill}`;
	const startedAt = performance.now();
	try {
		const found = await scenario.measure(stage);
		run.measured.push(...found);
		const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
		const skipped = found.length === 0 ? " SKIPPED: it lacks its bell." : "";
		onProgress(`${where}: ${seconds} s.${skipped}`);
	} catch (error) {
		// The others are worth knowing all the same.
		run.failures.push(`${where}: ${(error as Error).stack}`);
		onProgress(`${where}: FAILED`);
	}
}

function stagesOf({ bells, fills }: Scenario, isShort: boolean): Stage[] {
	return fills.flatMap((fill) =>
		bells.map((bell) => ({ bell, fill, isShort })),
	);
}
