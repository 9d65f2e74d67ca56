import { expect, it } from "vitest";
import {
	changeLines,
	createProgressView,
	describeSteps,
	liveLines,
	type ProgressRow,
	type Terminal,
} from "./progress.ts";

const queued = { state: "queued", atMs: 0 };
const submitting = { state: "submitting", atMs: 120 };
const succeeded = { state: "succeeded", atMs: 2_340 };

function aRow(changes: Partial<ProgressRow> = {}): ProgressRow {
	const waiting = { isDone: false, hasFailed: false };
	return { name: "text", steps: [queued], ...waiting, ...changes };
}

function aTerminal(changes: Partial<Terminal> = {}) {
	const written: string[] = [];
	const terminal = {
		write: (text: string) => written.push(text),
		...{ isTTY: true, columns: 80, rows: 24, ...changes },
	};
	return { terminal, written };
}

it("describes states with their times", () => {
	expect(describeSteps([queued, submitting, succeeded])).toBe(
		"queued 0.0 s → submitting 0.1 s → succeeded 2.3 s",
	);
});

it("draws one line for each job, with a mark of how it stands", () => {
	const rows = [
		aRow({ steps: [queued, submitting] }),
		aRow({ name: "elements", steps: [succeeded], isDone: true }),
		aRow({ steps: [], hasFailed: true }),
	];

	const lines = liveLines(rows, 2_400, { width: 80, hasColour: false });

	expect(lines).toEqual([
		"1 of 3 jobs are done, 2.4 s",
		"● text      queued 0.0 s → submitting 0.1 s",
		"✓ elements  succeeded 2.3 s",
		"✗ text      ",
	]);
});

it("keeps each line within a narrow terminal", () => {
	const rows = [aRow({ steps: [queued, submitting, succeeded] })];

	const lines = liveLines(rows, 0, { width: 20, hasColour: false });

	for (const line of lines) expect([...line].length).toBeLessThan(20);
	expect(lines[1]).toBe("● text  queued 0.0…");
});

it("redraws in place on a terminal", () => {
	const { terminal, written } = aTerminal();
	const view = createProgressView(terminal, {});

	view.update([aRow()], 0);
	view.update([aRow({ steps: [queued, submitting] })], 250);

	expect(written[0]).not.toContain("\u001b[2A");
	expect(written[1]?.startsWith("\u001b[2A")).toBe(true);
});

it("uses no colour when NO_COLOR says so", () => {
	const plain = aTerminal();
	const coloured = aTerminal();

	createProgressView(plain.terminal, { NO_COLOR: "1" }).update([aRow()], 0);
	createProgressView(coloured.terminal, {}).update([aRow()], 0);

	expect(plain.written.join("")).not.toContain("\u001b[33m");
	expect(coloured.written.join("")).toContain("\u001b[33m");
});

it.each([
	["a pipe", { isTTY: false }, {}],
	["a dumb terminal", {}, { TERM: "dumb" }],
	["a screen with too few lines", { rows: 3 }, {}],
])("writes a line for each change to %s", (_, changes, env) => {
	const { terminal, written } = aTerminal(changes);
	const view = createProgressView(terminal, env);
	const rows = [aRow(), aRow()];

	view.update(rows, 0);
	view.update(rows, 250);
	view.update([aRow(), aRow({ steps: [queued, submitting] })], 500);

	expect(written).toEqual([
		"  0.0 s  text  queued\n",
		"  0.0 s  text  queued\n",
		"  0.1 s  text  submitting\n",
	]);
});

it("tells changes in the order of their times", () => {
	const before = [aRow(), aRow({ name: "sound" })];
	const rows = [
		aRow({ steps: [queued, succeeded] }),
		aRow({ name: "sound", steps: [queued, submitting] }),
	];

	expect(changeLines(before, rows)).toEqual([
		"  0.1 s  sound  submitting",
		"  2.3 s  text   succeeded",
	]);
});
