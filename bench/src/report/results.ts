import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { faults, type Measurement, ratioOf } from "../measurement.ts";
import { type KeptRun, sameIn } from "./kept-run.ts";
import { plotLatencies, plotRatios } from "./plot.ts";
import { barOf, figure, labelOf, markdownTable, verdictOf } from "./table.ts";

// Two side by side show how much of a figure is noise; what came before is in the history of the repository.
const keptRuns = 2;

/** Keeps a run in `runs`, beside the one before it, and writes the page and its plots from both. */
export async function keepRun(run: KeptRun, folder: string): Promise<void> {
	const runs = join(folder, "runs");
	await mkdir(runs, { recursive: true });
	const name = run.startedAt.toISOString().replaceAll(/[-:]|\.\d+/g, "");
	await writeFile(join(runs, `${name}.json`), `${toJson(run)}\n`);
	for (const file of (await newestFirst(runs)).slice(keptRuns)) {
		await rm(join(runs, file));
	}
	await writeResults(folder);
}

/**
 * Writes `RESULTS.md` and its plots from the runs that are kept, and from `limits.md`, in which people say why a bar is not met.
 * Each file is written whole, so a crash between them is cured by the next time.
 */
export async function writeResults(folder: string): Promise<void> {
	const runs = join(folder, "runs");
	const plots = join(folder, "plots");
	await mkdir(plots, { recursive: true });
	const kept = await Promise.all(
		(await newestFirst(runs)).map((file) => readRun(join(runs, file))),
	);
	const limits = await readFile(join(folder, "limits.md"), "utf8");
	await writeFile(join(folder, "RESULTS.md"), renderResults(kept, limits));
	await writeFile(join(plots, "ratios.svg"), plotRatios(kept));
	await writeFile(join(plots, "latencies.svg"), plotLatencies(kept));
}

async function newestFirst(runs: string): Promise<string[]> {
	const files = await readdir(runs);
	return files
		.filter((file) => file.endsWith(".json"))
		.sort()
		.reverse();
}

const toJson = (run: KeptRun) => JSON.stringify(run, null, "\t");

async function readRun(file: string): Promise<KeptRun> {
	const run = JSON.parse(await readFile(file, "utf8"));
	return { ...run, startedAt: new Date(run.startedAt) };
}

/** The page: the newest run first, and in each cell the figures of all. */
export function renderResults(
	runs: readonly KeptRun[],
	limits: string,
): string {
	const notes = runs[0]?.measurements.filter(({ note }) => note) ?? [];
	return `# How fast it is

Written by \`npm run bench\`. Each ratio is of two figures from the same run on the same machine, load generator included, with
Postgres as durable as \`npm start\` has it. Where there are two figures in a cell, the first is of the newest run and the second
of the one before: what differs between them is noise. ${faultsOf(runs)}
${barsOf(runs)} What is not met, and why, stands at the end.

${machines(runs)}

${measured(runs)}

![How far each ratio is from its bar](plots/ratios.svg)

![Latencies](plots/latencies.svg)
${notes.map((one) => `\n- *${labelOf(one)}:* ${one.note}`).join("")}

${limits}`;
}

function machines(runs: readonly KeptRun[]): string {
	return markdownTable(
		["run", "commit", "machine", "Node", "Postgres", "Redis"],
		runs.map(({ startedAt, machine }) => [
			`${startedAt.toISOString().slice(0, 16).replace("T", " ")} UTC`,
			machine.commit,
			`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB`,
			...[machine.node, machine.postgres, machine.redis],
		]),
	);
}

function measured(runs: readonly KeptRun[]): string {
	const head = ["", "bell", "rows", "ours", "beside it", "", "ratio", "bar"];
	return markdownTable(
		[...head, ""],
		sameIn(runs).map((same) => {
			const [one] = same as [Measurement];
			const each = (text: (one: Measurement) => string) =>
				same.map(text).join(" · ");
			return [
				...[one.name, one.bell, one.fill],
				each(({ ours, unit }) => figure(ours, unit)),
				each(({ peer, unit }) => figure(peer, unit)),
				one.peerName,
				each((run) => ratioOf(run).toFixed(2)),
				barOf(one),
				verdictOf(same),
			];
		}),
	);
}

function barsOf(runs: readonly KeptRun[]): string {
	const barred = sameIn(runs).filter(([one]) => one?.bar !== undefined);
	const met = barred.filter((same) => verdictOf(same) === "met").length;
	return `Bars met each time: ${met} of ${barred.length}.`;
}

function faultsOf(runs: readonly KeptRun[]): string {
	const counted = runs
		.flatMap(({ measurements }) => measurements)
		.flatMap(({ counters }) => faults.map((name) => counters[name] ?? 0));
	const sum = counted.reduce((a, b) => a + b, 0);
	const names = faults.map((name) => name.replaceAll("_", " ")).join(", ");
	return sum === 0
		? `Beside each figure it was counted what was ${names}: nothing was.`
		: `**${sum} were ${names}: the lines marked WRONG say nothing about speed.**`;
}
