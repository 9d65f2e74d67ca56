import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtEntries } from "@reelay/stack/entries";
import { findFreePort } from "@reelay/stack/ports";
import { loadStackSettings } from "@reelay/stack/settings";
import { type RunningStack, startStack } from "@reelay/stack/start";
import pg from "pg";
import { startRedis } from "./redis.ts";

export type Bell = "redis" | "postgres";

/** The built processes on a durable Postgres of their own, as `npm start` runs them, on free ports. */
export type Rig = {
	stack: RunningStack;
	bell: Bell;
	apiUrl: string;
	/** Calls the API with the first key, and returns its answer; throws when that is an error. */
	api(path: string, body?: unknown): Promise<Record<string, unknown>>;
	sql<Row = Record<string, unknown>>(
		text: string,
		values?: unknown[],
	): Promise<Row[]>;
	close(): Promise<void>;
};

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Starts it; null for the Redis bell where there is no Redis. */
export async function openRig(
	bell: Bell,
	env: Record<string, string> = {},
): Promise<Rig | null> {
	const redis =
		bell === "redis" ? await startRedis(await findFreePort()) : null;
	if (bell === "redis" && redis === null) return null;
	const dataDir = mkdtempSync(join(tmpdir(), "reelay-bench-"));
	const settings = loadStackSettings(
		{
			API_PORT: String(await findFreePort()),
			WEBHOOK_PORT: String(await findFreePort()),
			WORKER_PORT: String(await findFreePort()),
			SIMULATOR_PORT: String(await findFreePort()),
			DATA_DIR: dataDir,
			...(redis === null ? {} : { REDIS_URL: redis.url }),
			PROVIDER_RATE: "5000/10",
			SIMULATOR_RATE: "off",
			SIMULATOR_RENDER_MS: "50",
			LOG_LEVEL: "warn",
			RATE_LIMIT_WRITES: "off",
			RATE_LIMIT_READS: "off",
			...env,
		},
		root,
	);
	const stack = await startStack({ settings, entries: builtEntries(root) });
	const client = new pg.Client({ connectionString: stack.databaseUrl });
	await client.connect();
	const apiUrl = `http://127.0.0.1:${settings.apiPort}`;
	return {
		stack,
		bell,
		apiUrl,
		async api(path, body) {
			const response = await fetch(`${apiUrl}${path}`, {
				headers: {
					authorization: `Bearer ${stack.secrets.BOOTSTRAP_API_KEY}`,
					"content-type": "application/json",
				},
				...(body === undefined
					? {}
					: { method: "POST", body: JSON.stringify(body) }),
			});
			const text = await response.text();
			if (!response.ok) throw new Error(`${response.status} ${text}`);
			return JSON.parse(text);
		},
		sql: async (text, values) => (await client.query(text, values)).rows,
		async close() {
			await client.end();
			await stack.stop();
			await redis?.stop();
			rmSync(dataDir, { recursive: true, force: true });
		},
	};
}
