// Every check there is, in the order in which they are cheapest to fail.
// `check` leaves the tests out.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { root, run } from "./run.mjs";

const reports = join(root, "node_modules", ".reelay-test");
const bin = (name) => join(root, "node_modules", ".bin", name);
const withoutTests = process.argv[2] === "check";

const plainOutput = process.stdout.isTTY ? [] : ["--colors=off"];

let env = {};
const program = (file, ...args) => run(file, args, { env });

const checks = {
	install: async () => {
		env = await ensureInstalled();
	},
	generate: () => program("npm", "run", "--silent", "generate"),
	"format and lint": () =>
		program(bin("biome"), "ci", "--error-on-warnings", ...plainOutput),
	types: () => program(bin("tsc"), "--noEmit", "-p", "tsconfig.json"),
	"import rules": () => program("npm", "run", "--silent", "check:imports"),
	"OpenAPI lint": () => program("npm", "run", "--silent", "check:contract"),
	"compose file": () => program(process.execPath, "scripts/check-compose.mjs"),
	build: () => build(env),
};

const tests = {
	"unit, store and HTTP tests": () => vitest("unit"),
	journeys: () => vitest("journeys"),
	// How fast is not asked here, only whether all of it runs and counts right.
	"bench, short": () =>
		program(process.execPath, "scripts/bench.mjs", "--short"),
};

function vitest(project) {
	const report = join(reports, `${project}.json`);
	return program(
		bin("vitest"),
		...["run", "--project", project, "--passWithNoTests"],
		...["--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
	);
}

function countTests(project) {
	try {
		const text = readFileSync(join(reports, `${project}.json`), "utf8");
		const { numPassedTests, numFailedTests, success } = JSON.parse(text);
		// A file that cannot be loaded fails without a failed test.
		const failed = success ? 0 : Math.max(1, numFailedTests);
		return { passed: numPassedTests, failed };
	} catch {
		return { passed: 0, failed: 0 };
	}
}

async function main() {
	rmSync(reports, { recursive: true, force: true });
	const stages = { ...checks, ...(withoutTests ? {} : tests) };
	const rows = [];
	let isGreen = true;
	for (const [name, stage] of Object.entries(stages)) {
		if (!isGreen) {
			rows.push(`  not run        ${name}`);
			continue;
		}
		process.stdout.write(`\n── ${name}\n`);
		const startedAt = performance.now();
		const result = await stage();
		const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
		isGreen = (result?.code ?? 0) === 0;
		rows.push(
			`  ${isGreen ? "ok    " : "FAILED"} ${seconds.padStart(6)}s ${name}`,
		);
	}
	process.stdout.write(`\n${rows.join("\n")}\n`);
	writeResult(isGreen);
	process.exitCode = isGreen ? 0 : 1;
}

// For .ci/run. A stage that fails outside the tests counts as one failure.
function writeResult(isGreen) {
	const counts = ["unit", "journeys"].map(countTests);
	const passed = counts.reduce((sum, count) => sum + count.passed, 0);
	const failed = counts.reduce((sum, count) => sum + count.failed, 0);
	const result = { passed, failed: isGreen ? failed : Math.max(1, failed) };
	mkdirSync(reports, { recursive: true });
	writeFileSync(join(reports, "result.json"), JSON.stringify(result));
}

await main();
