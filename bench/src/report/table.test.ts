import { expect, it } from "vitest";
import { aMeasurement } from "../testing/measurements.ts";
import { barOf, figure, toTable, verdictOf } from "./table.ts";

it("shows ours, what is beside it, the ratio, the bar and what was counted", () => {
	const measurement = aMeasurement({ bar: { least: 3 } });

	const table = toTable([measurement]);

	expect(table.split("\n").at(-1)).toBe(
		"| accept | redis | empty | 3500 | 1000 (the usual way) | 3.50 | ≥ 3 | met | 0 lost |",
	);
});

it("calls a line wrong whose counters are not 0, however fast it is", () => {
	const measurement = aMeasurement({
		bar: { least: 3 },
		counters: { duplicated: 1 },
	});

	expect(verdictOf([measurement])).toBe("WRONG");
});

it("does not call met what only one of two runs met", () => {
	const good = aMeasurement({ bar: { least: 3 } });
	const bad = aMeasurement({ bar: { least: 3 }, ours: 2_000 });

	expect(verdictOf([good, good])).toBe("met");
	expect(verdictOf([bad, good])).toBe("met once");
	expect(verdictOf([bad, bad])).toBe("NOT MET");
});

it("gives no verdict where there is no bar", () => {
	const measurement = aMeasurement();

	expect(barOf(measurement)).toBe("–");
	expect(verdictOf([measurement])).toBe("");
});

it("writes figures with as many digits as mean something", () => {
	expect(figure(1234.5, "a second")).toBe("1235");
	expect(figure(2.345, "ms")).toBe("2.35 ms");
	expect(figure(23.45, "ms")).toBe("23.4 ms");
	expect(figure(Number.NaN, "ms")).toBe("– ms");
});
