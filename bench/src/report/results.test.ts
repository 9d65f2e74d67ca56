import {
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { aMeasurement, aRun } from "../testing/measurements.ts";
import { keepRun, renderResults } from "./results.ts";

it("shows the figures of both runs side by side, the newest first", () => {
	const newest = aRun([aMeasurement({ ours: 4_000, bar: { least: 3 } })]);
	const before = aRun([aMeasurement({ ours: 3_000, bar: { least: 3 } })]);

	const page = renderResults([newest, before], "## Limits\n");

	expect(page).toContain(
		"| accept | redis | empty | 4000 · 3000 | 1000 · 1000 | the usual way | 4.00 · 3.00 | ≥ 3 | met |",
	);
	expect(page).toContain("nothing was.");
	expect(page.endsWith("\n\n## Limits\n")).toBe(true);
});

it("says in its first lines when anything went wrong", () => {
	const page = renderResults(
		[aRun([aMeasurement({ counters: { lost: 2 } })])],
		"",
	);

	expect(page).toContain("**2 were lost");
});

it("keeps the two newest runs, and writes the page and its plots from them", async () => {
	const folder = mkdtempSync(join(tmpdir(), "reelay-results-"));
	writeFileSync(join(folder, "limits.md"), "## What is not met\n");
	const days = ["2026-01-01", "2026-01-02", "2026-01-03"];

	for (const day of days) {
		await keepRun(aRun([aMeasurement()], new Date(day)), folder);
	}

	expect(readdirSync(join(folder, "runs"))).toEqual([
		"20260102T000000Z.json",
		"20260103T000000Z.json",
	]);
	expect(readdirSync(join(folder, "plots"))).toEqual([
		"latencies.svg",
		"ratios.svg",
	]);
	const page = readFileSync(join(folder, "RESULTS.md"), "utf8");
	expect(page).toContain("2026-01-03");
	expect(page).toContain("2026-01-02");
	expect(page).not.toContain("2026-01-01");
	expect(page).toContain("## What is not met");
	rmSync(folder, { recursive: true });
});
