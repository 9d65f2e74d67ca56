import { describe, expect, it } from "vitest";
import {
	filledAgainstEmpty,
	isCorrect,
	isMet,
	latencyOf,
	type Measurement,
	median,
	medianLatency,
	quantile,
} from "./measurement.ts";
import { aMeasurement } from "./testing/measurements.ts";

describe("quantiles", () => {
	it("take the middle of any number of figures, in whatever order", () => {
		expect(median([3, 1, 2])).toBe(2);
		expect(median([4, 1, 3, 2])).toBe(2.5);
		expect(median([])).toBeNaN();
	});

	it("sort numbers as numbers", () => {
		expect(quantile([9, 10, 100], 1)).toBe(100);
	});

	it("make a latency of many", () => {
		const milliseconds = Array.from({ length: 101 }, (_, n) => n);

		const latency = latencyOf(milliseconds);

		expect(latency).toEqual({ p50: 50, p99: 99, max: 100 });
	});

	it("let one disturbed round not speak for all", () => {
		const quiet = { p50: 1, p99: 2, max: 3 };
		const disturbed = { p50: 100, p99: 200, max: 300 };

		const latency = medianLatency([quiet, disturbed, quiet]);

		expect(latency).toEqual(quiet);
	});
});

describe("a bar", () => {
	it("is met from its figure on, upwards or downwards", () => {
		const at = (ours: number, bar: Measurement["bar"] & object) =>
			isMet(aMeasurement({ ours, peer: 100, bar }));

		expect(at(300, { least: 3 })).toBe(true);
		expect(at(299, { least: 3 })).toBe(false);
		expect(at(50, { most: 0.5 })).toBe(true);
		expect(at(51, { most: 0.5 })).toBe(false);
	});

	it("is not met by what could not be measured", () => {
		const measurement = aMeasurement({ ours: Number.NaN, bar: { least: 3 } });

		expect(isMet(measurement)).toBe(false);
	});
});

describe("correctness", () => {
	it("is broken by any fault", () => {
		expect(isCorrect(aMeasurement({ counters: { accepted: 5 } }))).toBe(true);
		expect(isCorrect(aMeasurement({ counters: { lost: 1 } }))).toBe(false);
		expect(isCorrect(aMeasurement({ counters: { double_charged: 1 } }))).toBe(
			false,
		);
	});
});

describe("filled against empty", () => {
	it("pairs what was measured over both, on one bell", () => {
		const empty = aMeasurement({ fill: "empty", ours: 100 });
		const filled = aMeasurement({ fill: "filled", ours: 90 });
		const other = aMeasurement({ fill: "empty", ours: 5, bell: "postgres" });

		const derived = filledAgainstEmpty([other, empty, filled]);

		expect(derived).toMatchObject([
			{ ours: 90, peer: 100, bar: { least: 1 / 1.3 } },
		]);
	});

	it("lets milliseconds grow by three tenths at most", () => {
		const empty = aMeasurement({ fill: "empty", unit: "ms", ours: 10 });
		const filled = aMeasurement({ fill: "filled", unit: "ms", ours: 14 });

		const [derived] = filledAgainstEmpty([empty, filled]);

		expect(derived?.bar).toEqual({ most: 1.3 });
		expect(isMet(derived as Measurement)).toBe(false);
	});
});
