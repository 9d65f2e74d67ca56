import {
	existsSync,
	mkdtempSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RacepointName } from "@reelay/shared/runtime/racepoint";
import { openDatabase } from "@reelay/shared/store/database";
import { findViolations } from "@reelay/shared/testing/audit";
import { eventually } from "@reelay/shared/testing/eventually";
import { Client } from "pg";
import { expect } from "vitest";
import type { AppName, StackEntries } from "../entries.ts";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import { type Bell, openStage, type Stage } from "../journeys/stage.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

/** A stage on which processes can be made to die at a racepoint. */
export type FaultStage = Stage & {
	/**
	 * The next process that comes to the place kills itself there, once; without a place, to the stage's own. With an id,
	 * each process that comes there with it does, until the next `arm` or `disarm`.
	 */
	arm(place?: RacepointName, id?: string): void;
	disarm(): void;
	/** True once it has died there. */
	hasFired(): boolean;
	/** How many have died there since `arm`. */
	deaths(): number;
	/** Runs a statement on a connection of its own: to look, or to make rows older than they are. */
	sql(text: string, values?: unknown[]): Promise<JsonAnswer[]>;
	/** Creates a job and returns its id. */
	createJob(body?: Record<string, unknown>): Promise<string>;
	job(id: string): Promise<JsonAnswer>;
	/** Waits until every job is final and its event delivered; returns the jobs. */
	settle(ids: readonly string[], timeoutMs?: number): Promise<JsonAnswer[]>;
	/** Every invariant that SQL and the simulator's ledger can show; throws with what is broken. */
	audit(ids: readonly string[]): Promise<void>;
};

export type FaultOptions = {
	env?: Record<string, string>;
	/** Runs this app from its test entry, which stops at this place once `arm` was called. */
	racepoint?: { app: AppName; place: RacepointName };
	/** Runs these apps from their test entries, to be stopped wherever `arm` says. */
	mortal?: AppName[];
	/** Processes that are started otherwise than as built. */
	entries?: Partial<StackEntries>;
	/** Hears every line of every process. */
	onLine?: (app: AppName, line: string) => void;
};

const finalStates = ["succeeded", "failed", "cancelled", "expired"];

/** The journeys' stage, with racepoints, and with the auditor at hand. Null where the bell is missing. */
export async function openFaultStage(
	bell: Bell,
	options: FaultOptions = {},
): Promise<FaultStage | null> {
	const folder = mkdtempSync(join(tmpdir(), "reelay-fault-"));
	const file = join(folder, "armed");
	const { racepoint } = options;
	const mortal =
		options.mortal ?? (racepoint === undefined ? [] : [racepoint.app]);
	const stage = await openStage(
		bell,
		{ RACEPOINT_FILE: file, ...options.env },
		{
			entries: {
				...Object.fromEntries(mortal.map((app) => [app, testEntry(app)])),
				...options.entries,
			},
			onLine: options.onLine,
		},
	);
	if (stage === null) return null;
	const { api, receiver } = stage;
	const job = async (id: string) => (await api(`/v1/jobs/${id}`)).body;
	return {
		...stage,
		arm(place = racepoint?.place, id) {
			rmSync(`${file}.reached`, { force: true });
			// Never seen half written.
			writeFileSync(`${file}.new`, [place ?? "", id ?? ""].join(" ").trim());
			renameSync(`${file}.new`, file);
		},
		disarm: () => rmSync(file, { force: true }),
		hasFired: () => existsSync(`${file}.reached`),
		deaths() {
			if (!existsSync(`${file}.reached`)) return 0;
			return readFileSync(`${file}.reached`, "utf8").trim().split("\n").length;
		},
		sql: (text, values = []) => runSql(stage.stack.databaseUrl, text, values),
		async createJob(body = {}) {
			const answer = await api("/v1/jobs", {
				body: {
					input: { prompt: "a fault", duration: 3 },
					webhook_url: receiver.url,
					...body,
				},
			});
			expect(answer.status).toBe(202);
			return answer.body.id;
		},
		job,
		async settle(ids, timeoutMs = 60_000) {
			const jobs = await eventually(
				async () => {
					const all = await Promise.all(ids.map(job));
					for (const one of all) expect(finalStates).toContain(one.state);
					return all;
				},
				{ timeoutMs, everyMs: 200 },
			);
			await eventually(
				() => {
					const told = new Set(
						receiver.received.map(({ body }) => body.data.id),
					);
					for (const id of ids) expect(told).toContain(id);
				},
				{ timeoutMs, everyMs: 200 },
			);
			return jobs;
		},
		audit: (ids) => audit(stage, ids),
		async close() {
			await stage.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

async function runSql(
	url: string,
	text: string,
	values: unknown[],
): Promise<JsonAnswer[]> {
	const client = new Client({ connectionString: url });
	await client.connect();
	try {
		return (await client.query(text, values)).rows;
	} finally {
		await client.end();
	}
}

/** Creates so many jobs, one after the other. */
export async function createJobs(stage: FaultStage, count: number) {
	const ids: string[] = [];
	for (let n = 0; n < count; n += 1) ids.push(await stage.createJob());
	return ids;
}

/** Waits until all have succeeded, and audits them. */
export async function expectAllSucceeded(
	stage: FaultStage,
	ids: readonly string[],
) {
	const jobs = await stage.settle(ids, 120_000);
	expect(new Set(jobs.map((job) => job.state))).toEqual(new Set(["succeeded"]));
	await stage.audit(ids);
}

function testEntry(app: AppName): string[] {
	return [
		"--conditions=reelay-source",
		"--import",
		"tsx",
		join(root, `apps/${app}/src/testing/main-with-racepoint.ts`),
	];
}

/** I1..I5, I8 and I9 by SQL, I2 against the simulator's ledger, I4 and I5 against what the customer received. */
async function audit(stage: Stage, ids: readonly string[]): Promise<void> {
	const database = await openDatabase({
		url: stage.stack.databaseUrl,
		applicationName: "reelay-audit",
		poolSize: 1,
	});
	try {
		expect(await findViolations(database.db)).toEqual([]);
	} finally {
		await database.close();
	}
	const { received } = stage.receiver;
	for (const id of ids) {
		const events = received.filter(({ body }) => body.data.id === id);
		expect(events.every(({ verified }) => verified)).toBe(true);
		const finals = events.filter(
			({ body }) => body.type !== "video.surplus_result",
		);
		expect(new Set(finals.map((event) => event.id)).size).toBe(1);
	}
	const { posts } = await stage.simulator("/ledger?limit=100000");
	const taken = new Map<string, number>();
	for (const post of posts) {
		if (!post.accepted) continue;
		const [, submission = "?"] =
			/\/see2ai\/(sub_[0-9a-z]+)\./.exec(post.callback_url ?? "") ?? [];
		taken.set(submission, (taken.get(submission) ?? 0) + 1);
	}
	for (const [submission, count] of taken) {
		expect({ submission, count }).toEqual({ submission, count: 1 });
	}
}
