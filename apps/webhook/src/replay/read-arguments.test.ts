import { describe, expect, it } from "vitest";
import { readArguments } from "./read-arguments.ts";

describe("the arguments of a replay", () => {
	it("mean everything that is set aside when there are none", () => {
		expect(readArguments([])).toEqual({
			isDryRun: false,
			reason: null,
			since: null,
			until: null,
			id: null,
			adopts: false,
		});
	});

	it("narrow it, and name one callback", () => {
		const some = "--dry-run --reason=JSON --since 2026-11-22T10:00Z";
		const one = "--id cb_000000000012 --adopt";

		expect(readArguments(some.split(" "))).toMatchObject({
			isDryRun: true,
			reason: "JSON",
			since: new Date("2026-11-22T10:00:00Z"),
		});
		expect(readArguments(one.split(" "))).toMatchObject({
			id: 12n,
			adopts: true,
		});
	});

	it.each([
		"--dry-runs",
		"everything",
		"--since yesterday",
		"--id 12",
		"--adopt",
		"--adopt --reason x",
	])("are refused, and never guessed: %s", (text) => {
		expect(() => readArguments(text.split(" "))).toThrow();
	});
});
