import { expect, it } from "vitest";
import { aMeasurement, aRun } from "../testing/measurements.ts";
import { marginOf, plotLatencies, plotRatios } from "./plot.ts";

it("measures how far a ratio is from its bar, whichever way it must be", () => {
	const fast = aMeasurement({ ours: 600, peer: 100, bar: { least: 3 } });
	const quick = aMeasurement({ ours: 25, peer: 100, bar: { most: 0.5 } });

	expect(marginOf(fast)).toBe(2);
	expect(marginOf(quick)).toBe(2);
});

it("draws only what has a bar, and never beyond its edge", () => {
	const far = aMeasurement({ ours: 1e9, peer: 1, bar: { least: 3 } });
	const barless = aMeasurement({ name: "shown for comparison" });

	const svg = plotRatios([aRun([far, barless])]);

	const widths = [...svg.matchAll(/<rect x[^>]*width="([\d.]+)"/g)];
	expect(widths.map(([, width]) => Number(width))).toEqual([420]);
	expect(svg).not.toContain("shown for comparison");
});

it("draws ours and what is beside it from the median to the 99th percentile", () => {
	const measurement = aMeasurement({
		latency: { ours: { p50: 1, p99: 10 }, peer: { p50: 10, p99: 100 } },
	});

	const svg = plotLatencies([aRun([measurement])]);

	const widths = [...svg.matchAll(/<rect x[^>]*width="([\d.]+)"/g)];
	expect(widths.map(([, width]) => Number(width))).toEqual([84, 84]);
});

it("writes names as text, whatever they hold", () => {
	const measurement = aMeasurement({ name: "a <b> & c", bar: { least: 1 } });

	const svg = plotRatios([aRun([measurement])]);

	expect(svg).toContain("a &lt;b&gt; &amp; c");
});
