/**
 * The plan of every filter of a list, over a long history. `LIST_ROWS=1000000` makes it a very long one, and
 * `LIST_REPORT=file` writes down how long each took.
 */
import { writeFileSync } from "node:fs";
import { Prisma } from "@reelay/prisma/client";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { openTestStore, type TestStore } from "../testing/store.ts";
import type { Database } from "./database.ts";
import { type JobFilter, listJobs } from "./list-jobs.ts";

declare module "vitest" {
	export interface ProvidedContext {
		/** How long the history is, and where to write what each list took: LIST_ROWS and LIST_REPORT. */
		listRows: number;
		listReport: string;
	}
}

const rows = inject("listRows");
const reportFile = inject("listReport");
const step = 20_000;
const rounds = 40;
const day = 24 * 3_600_000;
const yearAgo = Date.now() - 365 * day;

let store: TestStore;
const report: string[] = [
	"| filter | p50 ms | p95 ms | read | index |",
	"| --- | --- | --- | --- | --- |",
];
beforeAll(async () => {
	store = await openTestStore({ poolSize: 1, keepsPlans: false });
	await writeHistory();
	await store.db.$executeRaw`vacuum analyze job`;
	await store.db.$executeRaw`vacuum analyze job_label`;
}, 600_000);
afterAll(async () => {
	if (reportFile !== "") writeFileSync(reportFile, `${report.join("\n")}\n`);
	await store.close();
});

/** A year of jobs of two tenants, in the order of their ids, with what is common, rare, and each job's own. */
async function writeHistory(): Promise<void> {
	await store.db.$executeRaw`
		create function pg_temp.id_at(ms bigint) returns text language sql as $$
			select 'job_' || string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + case
				when place < 10 then ((ms >> (45 - 5 * place)) & 31)::int else floor(random() * 32)::int end, 1), '' order by place)
			from generate_series(0, 25) as place $$`;
	await store.db.$executeRaw`
		insert into tenant (id, name) values ('ten_other', 'other')`;
	await store.db.$executeRaw`
		insert into batch (id, tenant_id, fingerprint, size) values ('bat_one', ${store.tenantId}, '\\x00', 100)`;
	// A statement has 15 s.
	for (let from = 1; from <= rows; from += step) {
		await writeJobs(from, Math.min(from + step - 1, rows));
	}
}

async function writeJobs(from: number, to: number): Promise<void> {
	await store.db.$executeRaw`
		insert into job (id, tenant_id, action, mode, input, fingerprint, state, live, ready, start_by, timeout_s, max_submissions,
			submission_seq, submissions, result, error, charged, created_at, finished_at, external_id, tags, metadata, batch_id)
		select pg_temp.id_at(${yearAgo}::bigint + n * ${Math.floor((365 * day) / rows)}::bigint),
			case when n % 10 = 0 then 'ten_other' else ${store.tenantId} end, 'a',
			case when n % 5000 = 7 then 'multi_shot' when n % 11 = 3 then 'first_frame' else 'text' end, '{}', '\\x00',
			case when n % 50 = 1 then 'failed' when n % 97 = 2 then 'cancelled' else 'succeeded' end, false, false, now(), 60, 3,
			1, 1, case when n % 50 <> 1 and n % 97 <> 2 then '{}'::jsonb end,
			case when n % 50 = 1 then jsonb_build_object('code', case when n % 2500 = 1 then 'no_result' else 'provider_failed' end) end, 'no',
			to_timestamp((${yearAgo}::bigint + n * ${Math.floor((365 * day) / rows)}::bigint) / 1000.0), now(), 'order-' || n,
			case when n % 4000 = 5 then array['rare', 'common'] when n % 2 = 1 then array['common'] else '{}' end,
			case when n % 3 = 1 then jsonb_build_object('customer', (n % 1000)::text) else '{}' end,
			case when n between 101 and 200 then 'bat_one' end
		from generate_series(${from}::int, ${to}::int) as n`;
}

type Plan = {
	"Node Type": string;
	"Index Name"?: string;
	"Relation Name"?: string;
	"Actual Rows": number;
	"Actual Loops": number;
	"Rows Removed by Filter"?: number;
	"Rows Removed by Index Recheck"?: number;
	Plans?: Plan[];
};

/** The nodes of the plan of what a function asks, from the top down, as it really ran. */
async function planOf(
	ask: (db: Database) => Promise<unknown>,
): Promise<Plan[]> {
	let plan: Plan | undefined;
	const explaining = {
		async $queryRaw(strings: TemplateStringsArray, ...values: unknown[]) {
			const found = await store.db.$queryRaw<
				{ "QUERY PLAN": { Plan: Plan }[] }[]
			>`
				explain (analyze, format json) ${Prisma.sql(strings, ...values)}`;
			plan = found[0]?.["QUERY PLAN"][0]?.Plan;
			return [];
		},
	} as unknown as Database;
	await ask(explaining);
	const nodesOf = (node: Plan): Plan[] => [
		node,
		...(node.Plans ?? []).flatMap(nodesOf),
	];
	if (plan === undefined) throw new Error("nothing was asked");
	return nodesOf(plan);
}

/** How many rows were looked at in tables and indexes, whether or not they were of use. */
function readOf(nodes: readonly Plan[]): number {
	return nodes
		.filter((node) => /Scan/.test(node["Node Type"]))
		.reduce(
			(sum, node) =>
				sum +
				node["Actual Loops"] *
					(node["Actual Rows"] +
						(node["Rows Removed by Filter"] ?? 0) +
						(node["Rows Removed by Index Recheck"] ?? 0)),
			0,
		);
}

const at = (share: number) => new Date(yearAgo + share * 365 * day);
const filters: [name: string, filter: JobFilter, mostRead: number][] = [
	["none", {}, 100],
	["state, common", { states: ["succeeded"] }, 200],
	["state, rare", { states: ["cancelled"] }, 200],
	["states, two", { states: ["failed", "cancelled"] }, 2_000],
	["state that no job is in", { states: ["overdue"] }, 200],
	["mode, common", { modes: ["text"] }, 200],
	["mode, rare", { modes: ["multi_shot"] }, 1_000],
	["error code, common", { errorCodes: ["provider_failed"] }, 2_000],
	["error code, rare", { errorCodes: ["no_result"] }, 2_000],
	["tag, common", { tags: ["common"] }, 200],
	["tag, rare", { tags: ["rare"] }, 1_000],
	["tag that no job has", { tags: ["none"] }, 100],
	["tags, common and rare", { tags: ["rare", "common"] }, 1_000],
	["metadata", { metadata: { customer: "7" } }, 1_000],
	["external id", { externalId: "order-77" }, 100],
	["batch", { batchId: "bat_one" }, 300],
	["a day", { createdFrom: at(0.5), createdBefore: at(0.503) }, 500],
	["tag and state", { tags: ["common"], states: ["failed"] }, 20_000],
];

describe(`a list of ${rows} jobs`, () => {
	it.each(filters)(
		"by %s reads an index, and little of it",
		async (name, filter, mostRead) => {
			const ask = (afterId: string | null) => (db: Database) =>
				listJobs(db, {
					tenantId: store.tenantId,
					...filter,
					afterId,
					limit: 20,
				});
			const page = await ask(null)(store.db);
			const afterId = page.at(-1)?.id ?? null;

			const first = await planOf(ask(null));
			const next = await planOf(ask(afterId));

			for (const nodes of [first, next]) {
				const ofWhole = nodes.filter(
					(node) =>
						node["Node Type"] === "Seq Scan" && node["Relation Name"] === "job",
				);
				expect(ofWhole).toEqual([]);
				expect(readOf(nodes)).toBeLessThanOrEqual(mostRead);
			}
			await noteTimes(name, ask(afterId), first);
		},
	);
});

async function noteTimes(
	name: string,
	ask: (db: Database) => Promise<unknown>,
	nodes: readonly Plan[],
): Promise<void> {
	if (reportFile === "") return;
	const took: number[] = [];
	for (let n = 0; n < rounds; n += 1) {
		const startedAt = performance.now();
		await ask(store.db);
		took.push(performance.now() - startedAt);
	}
	took.sort((a, b) => a - b);
	const quantile = (share: number) =>
		(took[Math.floor(share * (rounds - 1))] ?? 0).toFixed(1);
	const indexes = new Set(nodes.flatMap((node) => node["Index Name"] ?? []));
	report.push(
		`| ${name} | ${quantile(0.5)} | ${quantile(0.95)} | ${readOf(nodes)} | ${[...indexes].join(", ")} |`,
	);
}
