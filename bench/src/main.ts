import { join } from "node:path";
import { parseArgs } from "node:util";
import { currentGround, openGround } from "./ground.ts";
import { filledAgainstEmpty, isCorrect, isMet } from "./measurement.ts";
import { describeMachine } from "./report/machine.ts";
import { keepRun, writeResults } from "./report/results.ts";
import { toTable } from "./report/table.ts";
import { root } from "./rig.ts";
import { runScenarios } from "./run-scenarios.ts";
import { scenarios } from "./scenarios.ts";

const { values } = parseArgs({
	options: {
		short: { type: "boolean", default: false },
		only: { type: "string", multiple: true, default: [] },
		profile: { type: "boolean", default: false },
		report: { type: "boolean", default: false },
	},
});
const bench = join(root, "bench");
if (values.report) {
	await writeResults(bench);
	process.exit();
}
const chosen = scenarios.filter(
	({ name }) => values.only.length === 0 || values.only.includes(name),
);
if (chosen.length === 0) {
	const names = scenarios.map(({ name }) => name).join(", ");
	process.stderr.write(`There is no such scenario; there are ${names}.\n`);
	process.exit(1);
}
// Whatever was started ends with this process, and what is temporary is removed on its exit.
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

const onProgress = (sentence: string) =>
	void process.stderr.write(`${sentence}\n`);
const startedAt = new Date();
const { profiles } = await openGround({
	isShort: values.short,
	isProfiled: values.profile,
	onProgress,
});
const { measured, failures } = await runScenarios({
	scenarios: chosen,
	isShort: values.short,
	onProgress,
}).finally(() => currentGround().close());

const measurements = [...measured, ...filledAgainstEmpty(measured)];
const table = toTable(measurements);
process.stdout.write(`\n${[table, ...failures].join("\n\n")}\n`);
if (profiles !== null) {
	process.stdout.write(`\nThe CPU profiles are in ${profiles}.\n`);
}
const isWhole = values.only.length === 0 && !values.short && !values.profile;
if (isWhole && failures.length === 0) {
	const machine = describeMachine(root);
	const run = { startedAt, machine, measurements };
	await keepRun(run, bench);
}
const isSound = failures.length === 0 && measurements.every(isCorrect);
// A short form is there to show that all of it runs: what it measures is noise.
const isGood = values.short ? isSound : isSound && measurements.every(isMet);
process.exitCode = isGood ? 0 : 1;
