import { expect, it } from "vitest";
import { runScenarios } from "./run-scenarios.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { aMeasurement } from "./testing/measurements.ts";

function aScenario(name: string, measure: Scenario["measure"]): Scenario {
	return { name, fills: ["empty"], bells: ["redis", "postgres"], measure };
}

const quietly = { onProgress: () => {} };

it("goes on after a scenario that fails, and says what failed", async () => {
	const broken = aScenario("broken", () => Promise.reject(new Error("no")));
	const sound = aScenario("sound", async () => [aMeasurement()]);

	const run = await runScenarios({
		...quietly,
		scenarios: [broken, sound],
		isShort: false,
	});

	expect(run.measured).toHaveLength(2);
	expect(run.failures).toEqual([
		expect.stringContaining("broken, redis bell, empty: Error: no"),
		expect.stringContaining("broken, postgres bell, empty: Error: no"),
	]);
});

it("runs each scenario once in the short form, on one bell after the other", async () => {
	const seen: Stage[] = [];
	const see = async (stage: Stage) => {
		seen.push(stage);
		return [];
	};
	const scenarios = [aScenario("first", see), aScenario("second", see)];

	await runScenarios({ ...quietly, scenarios, isShort: true });

	expect(seen.map(({ bell }) => bell)).toEqual(["redis", "postgres"]);
});
