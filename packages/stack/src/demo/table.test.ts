import { expect, it } from "vitest";
import { renderTable } from "./table.ts";

const headers = ["job", "cost", "result"];
const rows = [
	{ cells: ["text", "70", "http://a/1.mp4"], notes: [] },
	{ cells: ["first frame", "1", "-"], notes: ["  ✗ No webhook came."] },
];

it("lines the columns up and puts what is wrong below its row", () => {
	expect(renderTable(headers, rows, null)).toBe(
		[
			"job          cost  result",
			"───────────  ────  ──────────────",
			"text         70    http://a/1.mp4",
			"first frame  1     -",
			"  ✗ No webhook came.",
		].join("\n"),
	);
});

it("moves the last column below each row where it does not fit", () => {
	expect(renderTable(headers, rows, 33)).toContain("cost  result");
	expect(renderTable(headers, rows, 32)).toBe(
		[
			"job          cost",
			"───────────  ────",
			"text         70",
			"  http://a/1.mp4",
			"first frame  1",
			"  -",
			"  ✗ No webhook came.",
		].join("\n"),
	);
});

it("is a list of blocks on a narrow terminal", () => {
	expect(renderTable(headers, rows, 16)).toBe(
		[
			"text",
			"  cost    70",
			"  result  http://a/1.mp4",
			"",
			"first frame",
			"  cost    1",
			"  result  -",
			"  ✗ No webhook came.",
			"",
		].join("\n"),
	);
});
