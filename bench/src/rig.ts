import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createAppEnv, readinessUrl } from "@reelay/stack/app-env";
import {
	type AppName,
	builtEntries,
	type StackEntries,
} from "@reelay/stack/entries";
import { findFreePort } from "@reelay/stack/ports";
import { type RunningProcess, startProcess } from "@reelay/stack/processes";
import { loadStackSettings, type StackSettings } from "@reelay/stack/settings";
import { type RunningStack, startStack } from "@reelay/stack/start";
import pg from "pg";
import { holdBacklog } from "./fill.ts";
import { currentGround, type Fill, type Ground } from "./ground.ts";
import { type RunningRedis, startRedis } from "./redis.ts";

export type Bell = "redis" | "postgres";

/** The built processes on a database of their own in the run's durable Postgres, as `npm start` runs them, on free ports. */
export type Rig = {
	stack: RunningStack;
	bell: Bell;
	apiUrl: string;
	/** The first key, which may do everything. */
	apiKey: string;
	databaseUrl: string;
	/** Null on the Postgres bell. */
	redis: RunningRedis | null;
	/** Calls the API with the first key, and returns its answer; throws when that is an error. */
	api(path: string, body?: unknown): Promise<Record<string, unknown>>;
	sql<Row = Record<string, unknown>>(
		text: string,
		values?: unknown[],
	): Promise<Row[]>;
	/** Starts one more process of an app beside those that run, on a port of its own, and returns its URL. */
	startAnother(app: "api" | "worker"): Promise<string>;
	close(): Promise<void>;
};

export type RigOptions = {
	fill?: Fill;
	/** Which processes to start; without it all of them. */
	apps?: readonly AppName[];
	/** Arguments of Node for each of them. */
	flags?: readonly string[];
};

export const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Starts it; null for the Redis bell where there is no Redis. Over a filled database a worker finds the queued jobs due
 * tomorrow only: it would submit them all before it came to the load.
 */
export async function openRig(
	bell: Bell,
	env: Record<string, string> = {},
	{ fill = "empty", apps, flags = [] }: RigOptions = {},
): Promise<Rig | null> {
	const ground = currentGround();
	const redis =
		bell === "redis"
			? await startRedis(await findFreePort(), ground.folder)
			: null;
	if (bell === "redis" && redis === null) return null;
	const databaseUrl = await ground.copy(fill);
	const client = new pg.Client({ connectionString: databaseUrl });
	// Dropping the database ends whatever is still connected.
	client.on("error", () => {});
	const others: RunningProcess[] = [];
	const close = async (stack?: RunningStack) => {
		await Promise.all(others.map((one) => one.stop()));
		await stack?.stop();
		await client.end();
		await redis?.kill();
		await ground.drop(databaseUrl);
	};
	try {
		await client.connect();
		if (apps?.includes("worker") ?? true) await holdBacklog(client);
		const settings = await freeSettings(ground, {
			DATABASE_URL: databaseUrl,
			...(redis === null ? {} : { REDIS_URL: redis.url }),
			...env,
		});
		const entries = entriesOf(ground, flags);
		const stack = await startStack({
			settings,
			entries,
			...(apps === undefined ? {} : { apps }),
		});
		const apiUrl = `http://127.0.0.1:${settings.apiPort}`;
		const apiKey = stack.secrets.BOOTSTRAP_API_KEY;
		return {
			...{ stack, bell, apiUrl, apiKey, databaseUrl, redis },
			api: (path, body) => callApi(`${apiUrl}${path}`, apiKey, body),
			sql: async (text, values) => (await client.query(text, values)).rows,
			async startAnother(app) {
				const port = await findFreePort();
				const moved = { ...settings, [`${app}Port`]: port };
				const { secrets } = stack;
				const env = createAppEnv({ settings: moved, secrets, databaseUrl });
				const readyUrl = readinessUrl(moved, app);
				const args = entries[app];
				others.push(await startProcess({ name: app, args, env, readyUrl }));
				return `http://127.0.0.1:${port}`;
			},
			close: () => close(stack),
		};
	} catch (error) {
		await close();
		throw error;
	}
}

async function freeSettings(
	ground: Ground,
	env: Record<string, string>,
): Promise<StackSettings> {
	return loadStackSettings(
		{
			API_PORT: String(await findFreePort()),
			WEBHOOK_PORT: String(await findFreePort()),
			WORKER_PORT: String(await findFreePort()),
			SIMULATOR_PORT: String(await findFreePort()),
			DATA_DIR: mkdtempSync(join(ground.folder, "data-")),
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
}

function entriesOf(
	{ profiles }: Ground,
	flags: readonly string[],
): StackEntries {
	const built = builtEntries(root);
	const profiling =
		profiles === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
	return {
		simulator: built.simulator,
		api: [...profiling, ...flags, ...built.api],
		webhook: [...flags, ...built.webhook],
		worker: [...flags, ...built.worker],
	};
}

async function callApi(
	url: string,
	key: string,
	body: unknown,
): Promise<Record<string, unknown>> {
	const response = await fetch(url, {
		headers: {
			authorization: `Bearer ${key}`,
			"content-type": "application/json",
		},
		...(body === undefined
			? {}
			: { method: "POST", body: JSON.stringify(body) }),
	});
	const text = await response.text();
	if (!response.ok) throw new Error(`${response.status} ${text}`);
	return JSON.parse(text);
}
