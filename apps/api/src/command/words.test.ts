import { describe, expect, it } from "vitest";
import { parseDuration, parseEnd } from "./duration.ts";
import { renderTable } from "./table.ts";
import { readWords, UsageError } from "./words.ts";

const verbs = {
	make: { needs: ["name", "size"], takes: ["colour"] },
	end: { subject: "<id>" },
};

describe("a command line", () => {
	it("is read as a verb, what it is done to, and options", () => {
		const made = readWords(
			["make", "--name=a", "--size", "1", "--json"],
			verbs,
		);
		const ended = readWords(["end", "x"], verbs);

		expect(made).toEqual({
			verb: "make",
			subject: "",
			options: { name: "a", size: "1" },
			isJson: true,
		});
		expect(ended).toMatchObject({ verb: "end", subject: "x", isJson: false });
	});

	it.each([[["--help"]], [["make", "-h"]], [["help"]]])(
		"asks for help with %j",
		(given) => {
			expect(readWords(given, verbs)).toBeNull();
		},
	);

	it.each([
		[[], "Say one of make, end."],
		[["destroy"], 'not "destroy"'],
		[["make"], "--name and --size"],
		[["make", "--name", "", "--size", "1"], "needs --name"],
		[["make", "--name", "a", "--size", "1", "b"], 'not "b"'],
		[["end"], "end needs one <id>"],
		[["end", "x", "y"], "end needs one <id>"],
		[["end", "x", "--name", "a"], "does not take --name"],
		[["end", "x", "--nonsense"], "nonsense"],
	])("that says %j is refused with what is wrong", (given, wrong) => {
		const read = () => readWords(given, verbs);

		expect(read).toThrow(UsageError);
		expect(read).toThrow(wrong);
	});
});

describe("a time", () => {
	it.each([
		["45s", 45],
		["30m", 1_800],
		["12h", 43_200],
		["90d", 7_776_000],
	])("of %s has its seconds", (text, seconds) => {
		expect(parseDuration("overlap", text)).toBe(seconds);
	});

	it.each(["", "90", "d", "-1d", "1.5h", "1w", "1d1h", "9999999999s"])(
		"of %j is refused",
		(text) => {
			expect(() => parseDuration("overlap", text)).toThrow("--overlap");
		},
	);

	it("ahead, or an instant, is the end of a key", () => {
		const now = new Date("2026-11-23T10:00:00Z");

		const ends = ["1d", "2027-01-31", undefined].map((text) =>
			parseEnd("expires", text, now),
		);

		expect(ends).toEqual([
			"2026-11-24T10:00:00.000Z",
			"2027-01-31T00:00:00.000Z",
			null,
		]);
		expect(() => parseEnd("expires", "2027-31-31", now)).toThrow("--expires");
	});
});

it("a table has its columns under each other, and no blanks at the ends", () => {
	const text = renderTable(
		["id", "name"],
		[
			["1", "a longer name"],
			["22", "b"],
		],
	);

	expect(text).toBe("id  name\n1   a longer name\n22  b");
});
