import { leaseRenewalMs } from "@reelay/shared/domain/deadline";
import { isFinal, type JobState, jobStates } from "@reelay/shared/domain/job";
import {
	jobTransitions,
	submissionTransitions,
} from "@reelay/shared/domain/transitions";
import { describe, expect, it } from "vitest";
import {
	type Edge,
	readDiagram,
	readDocument,
	readSources,
	readTable,
} from "./testing/documents.ts";

const architecture = readDocument("ARCHITECTURE.md");

type Transitions = Record<
	string,
	{ readonly from: readonly string[]; readonly to: readonly string[] }
>;

/** Where each verb leads from and to, in the form of the code's own table. */
function summarize(edges: Edge[]): Transitions {
	const verbs = [...new Set(edges.map(({ verb }) => verb))].sort();
	return Object.fromEntries(
		verbs.map((verb) => {
			const own = edges.filter((edge) => edge.verb === verb);
			const from = own.map((edge) => edge.from);
			return [verb, sorted({ from, to: own.map((edge) => edge.to) })];
		}),
	);
}

function sorted({ from, to }: Transitions[string]) {
	return { from: [...new Set(from)].sort(), to: [...new Set(to)].sort() };
}

function normalize(transitions: Transitions): Transitions {
	return Object.fromEntries(
		Object.entries(transitions)
			.map(([verb, move]) => [verb, sorted(move)] as const)
			.sort(([a], [b]) => a.localeCompare(b)),
	);
}

const isMove = ({ from, to }: Edge) => from !== "[*]" && to !== "[*]";

describe("the diagram of the job", () => {
	const edges = readDiagram(architecture, "### The job");

	it("draws every transition, and no other", () => {
		expect(summarize(edges.filter(isMove))).toEqual(normalize(jobTransitions));
	});

	it("draws no move out of a final state", () => {
		const left = edges.filter(isMove).map(({ from }) => from as JobState);

		expect(left.filter(isFinal)).toEqual([]);
	});

	it("ends in every final state, and in no other", () => {
		const ends = edges.filter(({ to }) => to === "[*]");

		expect(ends.map(({ from }) => from).sort()).toEqual(
			jobStates.filter(isFinal).sort(),
		);
	});
});

describe("the diagram of the submission", () => {
	it("draws every transition, and no other", () => {
		const edges = readDiagram(architecture, "### The submission");

		expect(summarize(edges.filter(isMove))).toEqual(
			normalize(submissionTransitions),
		);
	});
});

describe("the other tables", () => {
	it("name every sweep with its interval, and no other", () => {
		const folder = "apps/worker/src/sweep";
		const parts = readDocument(`${folder}/sweeps.ts`).matchAll(
			/create(\w+)Sweeps\(deps\)/g,
		);
		const source = [...parts]
			.map(([, of = ""]) => `${folder}/${of.toLowerCase()}-sweeps.ts`)
			.map(readDocument)
			.join("\n");
		const intervals: Record<string, number> = { leaseRenewalMs };
		const sweeps = source.matchAll(/name: "(\w+)",\s*everyMs: (\w+)/g);

		const rows = readTable(architecture, "| sweep | every |");

		const known = [...sweeps].map(([, name = "", everyMs = ""]) => {
			const ms = intervals[everyMs] ?? Number(everyMs.replaceAll("_", ""));
			return [name, `${ms / 1000} s`];
		});
		expect(rows.map(([name, every]) => [name, every])).toEqual(known);
	});

	it("name only constraints that the migrations make", () => {
		const migrations = readSources("prisma/migrations", ".sql");

		const rows = readTable(architecture, "| invariant | by |");

		const named = rows.flatMap(([, names = ""]) => names.split(", "));
		expect(named.length).toBeGreaterThan(10);
		expect(named.filter((name) => !migrations.includes(`"${name}"`))).toEqual(
			[],
		);
	});

	it("name only folders that there are", () => {
		const rows = readTable(architecture, "| room | holds |");

		for (const [folder = ""] of rows) {
			expect(readSources(folder.replace("/*", "")), folder).not.toBe("");
		}
	});
});
