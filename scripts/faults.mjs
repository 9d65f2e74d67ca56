// Breaks everything that can break, and prints what held, row by row.
// `--short` runs what fits a continuous integration, `--long` what takes long
// at its full length; names of files after that run only those.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { root, run } from "./run.mjs";

// Under six minutes together on two cores.
const shortFiles = ["crash", "crash-worker", "chaos"];

const lengths = {
	short: {
		CHAOS_SECONDS: "20",
		SIGTERMS: "5",
		BACKLOG: "3000",
		PINNED_SECONDS: "40",
	},
	full: {
		CHAOS_SECONDS: "60",
		SIGTERMS: "20",
		SOAK_SECONDS: "60",
		BACKLOG: "10000",
		PINNED_SECONDS: "60",
	},
	long: {
		CHAOS_SECONDS: "600",
		SIGTERMS: "100",
		SOAK_SECONDS: "1800",
		BACKLOG: "50000",
		PINNED_SECONDS: "600",
		FULL_LENGTH: "true",
	},
};

const reports = join(root, "node_modules", ".reelay-test");
const rowsFile = join(reports, "faults.jsonl");
const resultFile = join(reports, "faults.json");

const args = process.argv.slice(2);
const flag = ["short", "long"].find((name) => args.includes(`--${name}`));
const named = args.filter((arg) => !arg.startsWith("--"));
const files = named.length > 0 ? named : flag === "short" ? shortFiles : [];

async function main() {
	const env = await ensureInstalled();
	const built = await build(env);
	if (built.code !== 0) process.exit(built.code);
	mkdirSync(reports, { recursive: true });
	for (const file of [rowsFile, resultFile]) rmSync(file, { force: true });

	const settings = {
		CHAOS_SEED: String(Date.now() % 2 ** 31),
		...lengths[flag ?? "full"],
		...pick(process.env, ["CHAOS_SEED", ...Object.keys(lengths.long)]),
	};
	process.stdout.write(`The seed is ${settings.CHAOS_SEED}.\n`);
	const filters = files.map((name) => `/faults/${name}.`);
	const { code } = await run(
		join(root, "node_modules", ".bin", "vitest"),
		[
			...["run", "--project", "faults", ...filters],
			...["--reporter=default", "--reporter=json"],
			`--outputFile.json=${resultFile}`,
		],
		{ env: { ...env, ...settings, FAULT_REPORT: rowsFile } },
	);
	process.stdout.write(`\n${table(readRows())}\n`);
	process.stdout.write(
		`\nThe same again: CHAOS_SEED=${settings.CHAOS_SEED} npm run test:faults\n`,
	);
	process.exitCode = code;
}

function pick(source, names) {
	const given = names.filter((name) => source[name]);
	return Object.fromEntries(given.map((name) => [name, source[name]]));
}

/** A row is written only when all of it held; what failed is taken from the report of the tests. */
function readRows() {
	const held = linesOf(rowsFile)
		.map((line) => JSON.parse(line))
		.sort((a, b) => rank(a) - rank(b) || a.bell.localeCompare(b.bell))
		.map((row) => [
			String(row.row ?? ""),
			row.fault,
			row.bell,
			row.invariants,
			"held",
			row.recoveryMs === null ? "" : `${(row.recoveryMs / 1000).toFixed(1)} s`,
			row.notes ?? "",
		]);
	return [...held, ...failures()];
}

/** Rows without a number come last. */
const rank = ({ row }) => row ?? Number.MAX_SAFE_INTEGER;

function failures() {
	const text = linesOf(resultFile).join("\n");
	if (text === "") return [];
	return JSON.parse(text)
		.testResults.flatMap(({ assertionResults }) => assertionResults)
		.filter(({ status }) => status === "failed")
		.map(({ fullName }) => ["", fullName, "", "", "BROKEN", "", ""]);
}

function linesOf(file) {
	try {
		return readFileSync(file, "utf8").split("\n").filter(Boolean);
	} catch {
		return [];
	}
}

function table(rows) {
	const head = ["row", "fault", "bell", "invariants", "result", "recovery", ""];
	const all = [head, ...rows];
	const widths = head.map((_, column) =>
		Math.max(...all.map((cells) => cells[column].length)),
	);
	return all
		.map((cells) =>
			cells
				.map((cell, column) => cell.padEnd(widths[column]))
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}

await main();
