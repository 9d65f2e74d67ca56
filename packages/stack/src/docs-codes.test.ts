import { failureClasses } from "@reelay/shared/domain/delivery-failure";
import { problems } from "@reelay/shared/domain/errors";
import { eventTypes } from "@reelay/shared/domain/event";
import { isFinal, jobStates } from "@reelay/shared/domain/job";
import { jobErrorCodes } from "@reelay/shared/domain/job-record";
import { describe, expect, it } from "vitest";
import { readDocument, readSources, readTable } from "./testing/documents.ts";

const readme = readDocument("README.md");
const failures = readDocument("docs/FAILURES.md");
const sources = readSources("apps") + readSources("packages/shared/src");

function namesIn(cells: (string | undefined)[]): string[] {
	return cells.flatMap((cell) => cell?.split(", ") ?? []).sort();
}

function matches(text: string, pattern: RegExp): string[] {
	const found = [...text.matchAll(pattern)].map(([, name = ""]) => name);
	return [...new Set(found)].sort();
}

describe("README.md", () => {
	it("names every problem that the API answers with, and no other", () => {
		const rows = readTable(readme, "| `code` | status |");

		const told = rows
			.map(([code, status, retryable]) => `${code} ${status} ${retryable}`)
			.sort();

		const known = Object.entries(problems).map(
			([code, { status, retryable }]) =>
				`${code} ${status} ${retryable ? "yes" : "no"}`,
		);
		expect(told).toEqual(known.sort());
	});

	it("names every error that a job can end with, and no other", () => {
		const rows = readTable(readme, "| `error.code` |");

		expect(namesIn(rows.map(([code]) => code))).toEqual(
			[...jobErrorCodes].sort(),
		);
	});

	it("names every state of a job, and says which are final", () => {
		const rows = readTable(readme, "| state | meaning |");

		const told = rows.map(([state, , final]) => [state, final === "yes"]);

		expect(told).toEqual(jobStates.map((state) => [state, isFinal(state)]));
	});

	it("names every event", () => {
		for (const type of eventTypes) expect(readme).toContain(`\`${type}\``);
	});
});

describe("docs/FAILURES.md", () => {
	it("explains every error that a job can end with, and no other", () => {
		const rows = readTable(failures, "| code | cause | look at |");

		expect(namesIn(rows.map(([code]) => code))).toEqual(
			[...jobErrorCodes].sort(),
		);
	});

	it("explains every problem that the API answers with, and no other", () => {
		const rows = readTable(failures, "| `code` | cause | look at |");

		expect(namesIn(rows.map(([code]) => code))).toEqual(
			Object.keys(problems).sort(),
		);
	});

	it("leaves no cell of a table empty: cause, what to look at, and what to do", () => {
		const heads = ["| code |", "| `code` |", "| `class` |", "| metric |"];
		const rows = heads.flatMap((head) => readTable(failures, head));

		expect(rows.flat().filter((cell) => cell === "")).toEqual([]);
		expect(rows.length).toBeGreaterThan(40);
	});

	it("explains every way in which a delivery fails, and no other", () => {
		const rows = readTable(failures, "| `class` |");

		expect(namesIn(rows.map(([name]) => name))).toEqual(
			[...failureClasses].sort(),
		);
	});

	it("explains every metric of ours, and no other", () => {
		const made =
			/\bmetrics\s*\.(?:counter|gauge|watch|histogram)\(\s*"([a-z_]+)"/g;

		const rows = readTable(failures, "| metric |");

		expect(namesIn(rows.map(([metric]) => metric))).toEqual(
			matches(sources, made).map((name) => `reelay_${name}`),
		);
	});

	it("explains every log line from a warning up, and no other", () => {
		const logged =
			/\blogger\s*\.(?:warn|error|fatal)\([^;]*?["`]([a-zA-Z]+\.[a-zA-Z]+)["`],?\s*\)/g;

		const rows = readTable(failures, "| `msg` |");

		const told = namesIn(rows.map(([msg]) => msg));
		// Their names are put together when they are written.
		const composed = [
			"process.uncaughtException",
			"process.unhandledRejection",
		];
		expect(told).toEqual([...matches(sources, logged), ...composed].sort());
	});

	it("explains everything that a queued job can wait for", () => {
		const source = readDocument("packages/shared/src/domain/waiting.ts");
		const [, union = ""] = /type WaitingFor =([^;]*);/.exec(source) ?? [];

		const reasons = matches(union, /"(\w+)"/g);

		expect(reasons.length).toBeGreaterThan(3);
		for (const reason of reasons) {
			expect(failures).toContain(`\`waiting_for: ${reason}\``);
		}
	});
});
