import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTestRedis } from "@reelay/shared/testing/redis";
import { createAppEnv } from "../app-env.ts";
import { type AppName, builtEntries, type StackEntries } from "../entries.ts";
import { findFreePort } from "../ports.ts";
import { loadStackSettings, type StackSettings } from "../settings.ts";
import { type RunningStack, startStack } from "../start.ts";
import { type EventReceiver, startEventReceiver } from "./event-receiver.ts";
import type { JsonAnswer } from "./json-answer.ts";

/** The engines that ring; every journey is made on both. */
export const bells = ["redis", "postgres"] as const;
export type Bell = (typeof bells)[number];

/** The three built processes, Postgres, the simulator and a customer's receiver, spoken to over HTTP only. */
export type Stage = {
	stack: RunningStack;
	receiver: EventReceiver;
	/** Calls the API with the first key. */
	api(
		path: string,
		options?: { body?: unknown; headers?: Record<string, string> },
	): Promise<{ status: number; body: JsonAnswer }>;
	/** Calls the simulator's control route. */
	simulator(path: string, body?: unknown): Promise<JsonAnswer>;
	apiUrl: string;
	receiverUrl: string;
	workerUrl: string;
	simulatorUrl: string;
	/** What every process of the stack finds in its environment. */
	env: Record<string, string | undefined>;
	close(): Promise<void>;
};

const root = fileURLToPath(new URL("../../../..", import.meta.url));

export type StageOptions = {
	/** Processes that are started otherwise than as built. */
	entries?: Partial<StackEntries>;
	/** Hears every line of every process. */
	onLine?: ((app: AppName, line: string) => void) | undefined;
};

/** Starts a stack of its own on free ports; null where there is no Redis and the suite skips itself. */
export async function openStage(
	bell: Bell,
	env: Record<string, string> = {},
	{ entries = {}, onLine }: StageOptions = {},
): Promise<Stage | null> {
	// A REDIS_URL or DATABASE_URL of `env` belongs to the caller, who may break it.
	const needsRedis = bell === "redis" && env.REDIS_URL === undefined;
	const redis = needsRedis ? await startTestRedis() : null;
	if (needsRedis && redis === null) return null;
	const dataDir = mkdtempSync(join(tmpdir(), "reelay-journey-"));
	const settings = loadStackSettings(
		{
			...(await freePorts()),
			DATA_DIR: dataDir,
			...(redis === null ? {} : { REDIS_URL: redis.url }),
			// Nothing here is about waiting: the limits stand out of the way unless a journey sets them.
			PROVIDER_RATE: "5000/10",
			SIMULATOR_RATE: "off",
			RATE_LIMIT_WRITES: "off",
			RATE_LIMIT_READS: "off",
			SIMULATOR_RENDER_MS: "300",
			...env,
		},
		root,
	);
	const stack = await startStack({
		settings,
		entries: { ...builtEntries(root), ...entries },
		...(onLine ? { onLine } : {}),
	});
	const receiver = await startEventReceiver(stack.secrets.WEBHOOK_SECRET);
	const apiUrl = `http://127.0.0.1:${settings.apiPort}`;
	return {
		stack,
		receiver,
		apiUrl,
		receiverUrl: `http://127.0.0.1:${settings.webhookPort}`,
		workerUrl: `http://127.0.0.1:${settings.workerPort}`,
		simulatorUrl: `http://127.0.0.1:${settings.simulatorPort}`,
		env: createAppEnv({
			settings,
			secrets: stack.secrets,
			databaseUrl: stack.databaseUrl,
		}),
		api: (path, options = {}) =>
			call(`${apiUrl}${path}`, {
				...options,
				headers: {
					authorization: `Bearer ${stack.secrets.BOOTSTRAP_API_KEY}`,
					...options.headers,
				},
			}),
		simulator: (path, body) => control(settings, path, body),
		async close() {
			await stack.stop();
			await receiver.close();
			await redis?.stop();
			rmSync(dataDir, { recursive: true, force: true });
		},
	};
}

async function freePorts(): Promise<Record<string, string>> {
	const names = ["API_PORT", "WEBHOOK_PORT", "WORKER_PORT", "SIMULATOR_PORT"];
	const ports = await Promise.all(
		names.map(async (name) => [name, String(await findFreePort())]),
	);
	return Object.fromEntries(ports);
}

async function control(
	settings: StackSettings,
	path: string,
	body?: unknown,
): Promise<JsonAnswer> {
	const url = `http://127.0.0.1:${settings.simulatorPort}/control${path}`;
	const ask = () => call(url, body === undefined ? {} : { body });
	if (body !== undefined) return (await ask()).body;
	// A kept connection may be let go just as a busy test asks again. Only the simulator is forgiven: it is not under test.
	const { body: answer } = await ask().catch((error) => {
		if (error.cause?.code === "UND_ERR_SOCKET") return ask();
		throw error;
	});
	return answer;
}

async function call(
	url: string,
	options: { body?: unknown; headers?: Record<string, string> },
): Promise<{ status: number; body: JsonAnswer }> {
	const response = await fetch(url, {
		headers: { "content-type": "application/json", ...options.headers },
		...(options.body === undefined
			? {}
			: { method: "POST", body: JSON.stringify(options.body) }),
	});
	const text = await response.text();
	return {
		status: response.status,
		body: text === "" ? null : JSON.parse(text),
	};
}
