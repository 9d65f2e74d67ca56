import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "@reelay/shared/testing/eventually";
import pg from "pg";
import { expect } from "vitest";
import { type AppName, builtEntries } from "../entries.ts";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import { findFreePort } from "../ports.ts";
import { type RunningProcess, startProcess } from "../processes.ts";
import { residentMb } from "./memory.ts";
import { type FaultStage, openFaultStage } from "./stage.ts";

/** A fault stage for what the provider does wrong: one stack for many rows, each with jobs of its own. */
export type ProviderStage = FaultStage & {
	query(text: string, values?: unknown[]): Promise<JsonAnswer[]>;
	/** Creates a job whose POSTs, and no other job's, meet this script of the simulator; tells it by its prompt. */
	createScripted(
		script: { behaviour: object; times?: number | "always" },
		body?: Record<string, unknown>,
	): Promise<ScriptedJob>;
	/** The POSTs of one prompt, as the provider saw them, and its callbacks. */
	ledgerOf(
		prompt: string,
	): Promise<{ posts: JsonAnswer[]; callbacks: JsonAnswer[] }>;
	/** Waits until every job is in this state. */
	reach(ids: readonly string[], state: string): Promise<void>;
	/** The time by which the results of these jobs were due is now. */
	makeDue(ids: readonly string[]): Promise<void>;
	/** Starts one more receiver beside the stack's own, which ends with the stage; returns its address. */
	startReceiver(): Promise<string>;
	/** Resident memory of a process in MB; null where the system does not tell. */
	memoryMb(app: AppName): number | null;
};

const root = fileURLToPath(new URL("../../../..", import.meta.url));

export type ScriptedJob = { id: string; prompt: string };

// No row of the fault list that needs this stage concerns the bell, so one engine shows as much as two.
export const providerBell = "postgres";

/** Opens it; a POST is given up after five seconds, so that a provider that hangs can be waited for. */
export async function openProviderStage(
	env: Record<string, string> = {},
): Promise<ProviderStage> {
	const stage = await openFaultStage(providerBell, {
		env: { SUBMIT_TIMEOUT_S: "5", ...env },
	});
	if (stage === null) throw new Error("there is no stage without a bell");
	const pool = new pg.Pool({
		connectionString: stage.stack.databaseUrl,
		max: 2,
	});
	const query = async (text: string, values: unknown[] = []) =>
		(await pool.query(text, values)).rows;
	let lastPrompt = 0;
	const receivers: { folder: string; process: RunningProcess }[] = [];
	return {
		...stage,
		query,
		async createScripted(script, body = {}) {
			lastPrompt += 1;
			const prompt = `scripted job ${lastPrompt}.`;
			await stage.simulator("/scripts", { match: { prompt }, ...script });
			const input = { prompt, duration: 3 };
			return { id: await stage.createJob({ input, ...body }), prompt };
		},
		ledgerOf: (prompt) =>
			stage.simulator(`/ledger?prompt=${encodeURIComponent(prompt)}`),
		async reach(ids, state) {
			await eventually(
				async () => {
					const jobs = await Promise.all(ids.map(stage.job));
					expect(jobs.map((job) => job.state)).toEqual(ids.map(() => state));
				},
				{ timeoutMs: 60_000, everyMs: 200 },
			);
		},
		async makeDue(ids) {
			await query(
				"update submission set callback_due_at = now() where live and job_id = any($1)",
				[ids],
			);
		},
		async startReceiver() {
			const folder = mkdtempSync(join(tmpdir(), "reelay-receiver-"));
			const port = await findFreePort();
			const url = `http://127.0.0.1:${port}`;
			const process = await startProcess({
				name: "another webhook",
				args: builtEntries(root).webhook,
				env: {
					...stage.stack.secrets,
					DATABASE_URL: stage.stack.databaseUrl,
					DATA_DIR: folder,
					WEBHOOK_PORT: String(port),
				},
				readyUrl: `${url}/readyz`,
			});
			receivers.push({ folder, process });
			return url;
		},
		memoryMb: (app) => residentMb(stage.stack.processes.get(app)?.pid),
		async close() {
			await pool.end();
			for (const { folder, process } of receivers) {
				await process.stop();
				rmSync(folder, { recursive: true, force: true });
			}
			await stage.close();
		},
	};
}
