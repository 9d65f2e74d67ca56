import { describe, expect, it } from "vitest";
import { createTerminal, plain, table } from "./terminal.ts";

function open({ isTTY = false, noColor = false, columns = 20 } = {}) {
	const written: string[] = [];
	const sink = (name: string) => ({
		isTTY,
		columns,
		write: (text: string) => written.push(`${name}: ${text}`),
	});
	const terminal = createTerminal(sink("out"), sink("err"), { noColor });
	return { terminal, written };
}

describe("createTerminal", () => {
	it("colours and moves nothing without a terminal", () => {
		const { terminal, written } = open();

		terminal.progress("rendering");
		terminal.out(terminal.style("red", "failed"));
		terminal.note("a note");

		expect(written).toEqual(["out: failed\n", "err: a note\n"]);
	});

	it("colours on a terminal, and never with NO_COLOR", () => {
		expect(open({ isTTY: true }).terminal.style("red", "x")).toContain(
			"\u001b[31m",
		);
		expect(
			open({ isTTY: true, noColor: true }).terminal.style("red", "x"),
		).toBe("x");
	});

	it("takes a moving line away before any other, and keeps it on one row", () => {
		const { terminal, written } = open({ isTTY: true });

		terminal.progress("a line that is longer than the row");
		terminal.out("done");

		expect(written).toEqual([
			"err: \r\u001b[2Ka line that is long",
			"err: \r\u001b[2K",
			"out: done\n",
		]);
	});
});

describe("plain", () => {
	it("takes away what moves a terminal's cursor, and nothing else", () => {
		expect(plain("\u001b[31mä🎬\r\n\u009b2J")).toBe(" [31mä🎬   2J");
	});
});

describe("table", () => {
	it("makes each column as wide as its widest cell", () => {
		expect(
			table([
				["a", "b"],
				["long", "c"],
			]),
		).toEqual(["a     b", "long  c"]);
	});
});
