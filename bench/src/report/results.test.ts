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

it("does not take one peer's figure for another's", () => {
	const runOf = (peer: number) =>
		aRun([
			aMeasurement({ peer, peerName: "one" }),
			aMeasurement({ peer: peer * 2, peerName: "another" }),
		]);

	const page = renderResults([runOf(1_000), runOf(1_500)], "");

	expect(page).toContain("| 1000 · 1500 | one |");
	expect(page).toContain("| 2000 · 3000 | another |");
});

it("says how many bars were met in every run, and to what each note belongs", () => {
	const runOf = (ours: number) =>
		aRun([
			aMeasurement({ name: "a", bar: { least: 1 } }),
			aMeasurement({ name: "b", ours, bar: { least: 3 }, note: "so it is" }),
			aMeasurement({ name: "c" }),
		]);

	const page = renderResults([runOf(4_000), runOf(2_000)], "");

	expect(page).toContain("Bars met each time: 1 of 2.");
	expect(page).toContain("- *b (redis):* so it is");
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
