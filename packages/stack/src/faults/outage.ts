import { eventually } from "@reelay/shared/testing/eventually";
import pg from "pg";
import { expect } from "vitest";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import type { FaultStage } from "./stage.ts";

/** A POST /v1/jobs as a client sees it. */
async function post(stage: FaultStage, key: string) {
	const response = await fetch(`${stage.apiUrl}/v1/jobs`, {
		method: "POST",
		headers: {
			authorization: `Bearer ${stage.stack.secrets.BOOTSTRAP_API_KEY}`,
			"content-type": "application/json",
			"idempotency-key": key,
		},
		body: JSON.stringify({
			input: { prompt: "during a fault", duration: 3 },
			webhook_url: stage.receiver.url,
		}),
	});
	return { response, body: (await response.json()) as JsonAnswer };
}

/** While Postgres is away the answer says so, and when to come back. */
export async function expectUnavailable(stage: FaultStage, key: string) {
	const { response, body } = await post(stage, key);
	expect(response.status).toBe(503);
	expect(response.headers.get("content-type")).toMatch(
		/^application\/problem\+json/,
	);
	expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
	expect(body.code).toBe("unavailable");
}

/** The job that the key stands for, made now unless it was made during the fault after all. */
export async function retryUntilAccepted(stage: FaultStage, key: string) {
	return eventually(
		async () => {
			const { response, body } = await post(stage, key);
			expect(response.ok).toBe(true);
			return body.id as string;
		},
		{ timeoutMs: 60_000, everyMs: 500 },
	);
}

/** How many callbacks the receiver holds on its disk. */
export async function spoolDepth(stage: FaultStage): Promise<number> {
	const response = await fetch(`${stage.receiverUrl}/metrics`);
	const text = await response.text();
	const [, depth] = /^reelay_spool_depth\{[^}]*\} (\d+)/m.exec(text) ?? [];
	expect(depth).toBeDefined();
	return Number(depth);
}

/** Waits until the provider has called back for so many jobs and was answered 200 each time. */
export async function expectCallbacksTaken(stage: FaultStage, count: number) {
	await eventually(
		async () => {
			const { callbacks } = await stage.simulator("/ledger?limit=1000");
			const taken = callbacks.filter(
				(call: { status: number | null }) => call.status === 200,
			);
			expect(taken.length).toBe(count);
		},
		{ timeoutMs: 60_000, everyMs: 200 },
	);
}

const pools: Record<string, number> = {
	"reelay-api": 10,
	"reelay-api-reads": 5,
	"reelay-api-reports": 3,
	"reelay-webhook": 10,
	"reelay-worker": 16,
	"reelay-worker-reports": 1,
};

/** After a fault each process works, and holds no more connections than its pool may. */
export async function expectNoLeak(stage: FaultStage, url: string) {
	const answers = await Promise.all(
		Array.from({ length: 30 }, (_, n) => post(stage, `leak-${n}`)),
	);
	for (const { response } of answers) expect(response.status).toBe(202);
	await eventually(async () => {
		const client = new pg.Client({ connectionString: url });
		await client.connect();
		try {
			const { rows } = await client.query<{ name: string; held: number }>(
				`select application_name as name, count(*)::int as held
					from pg_stat_activity group by 1`,
			);
			for (const { name, held } of rows) {
				expect(held).toBeLessThanOrEqual(pools[name] ?? 100);
			}
		} finally {
			await client.end();
		}
	});
	return answers.map(({ body }) => body.id as string);
}

/** Sends one more callback for a job that the provider has called back for already: news that come late. */
export async function callBackOnceMore(stage: FaultStage): Promise<void> {
	const { callbacks } = await stage.simulator("/ledger?limit=1000");
	const [call] = callbacks;
	const response = await fetch(call.url, {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify({ task_id: call.task_id, state: "running" }),
	});
	expect(response.status).toBe(200);
}
