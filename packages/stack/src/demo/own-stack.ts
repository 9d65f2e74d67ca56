import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { baseUrls } from "../app-env.ts";
import { startEmbeddedPostgres } from "../embedded-postgres.ts";
import { builtEntries } from "../entries.ts";
import { findFreePort } from "../ports.ts";
import { loadStackSettings, type StackSettings } from "../settings.ts";
import { startStack } from "../start.ts";
import type { Target } from "./run-demo.ts";

export type OwnStack = {
	target: Target;
	/** The newest lines of its processes that ask for attention. */
	complaints(): string[];
	stop(): Promise<void>;
};

export type OwnStackOptions = {
	root: string;
	env: Record<string, string | undefined>;
	signal: AbortSignal;
	onProgress: (sentence: string) => void;
	/** Called with a sentence when a part ends without being asked to. */
	onFailure: (sentence: string) => void;
};

// What an installation is told about its database, its provider and itself
// must not reach a stack that is thrown away.
const settingNames =
	/^(DATABASE_URL|REDIS_URL|DATA_DIR|BOOTSTRAP_API_KEY|WEBHOOK_SECRET|LOG_LEVEL|MAX_SUBMISSIONS|ON_UNKNOWN|PRICE_POINTS_PER_SECOND|STOP_GRACE_S|DRAIN_DELAY_S|(ENCRYPTION_KEYS|OUTBOUND|SUBMIT|CALLBACK|PROVIDER|SEE2AI|SIMULATOR|API|WEBHOOK|WORKER|POSTGRES)(_.*)?)$/;

// The apps log a level by its name, the simulator by its number.
const loudLevels: unknown[] = ["warn", "error", "fatal", 40, 50, 60];
const keptComplaints = 20;

/**
 * Starts a stack with the simulator on free ports, with its database and its
 * secrets in a folder that goes with it. Leaves nothing running when it throws.
 */
export async function startOwnStack(
	options: OwnStackOptions,
): Promise<OwnStack> {
	const { root, onProgress } = options;
	const dataDir = mkdtempSync(join(tmpdir(), "reelay-demo-"));
	const stops: (() => Promise<void> | void)[] = [
		() => rmSync(dataDir, { recursive: true, force: true }),
	];
	const stop = async (): Promise<void> => {
		const last = stops.pop();
		if (!last) return;
		try {
			await last();
		} finally {
			await stop();
		}
	};
	try {
		onProgress("Starting Postgres …");
		const postgres = await startEmbeddedPostgres({
			folder: join(dataDir, "postgres"),
			...{ temporary: true, durable: false, onExit: options.onFailure },
		});
		stops.push(postgres.stop);
		options.signal.throwIfAborted();
		const env = await createEnv(options.env, dataDir, postgres.url);
		const settings = loadStackSettings(env, root);
		const { stack, complaints } = await launch(options, settings);
		stops.push(stack.stop);
		return {
			target: {
				apiUrl: baseUrls(settings).api,
				apiKey: stack.secrets.BOOTSTRAP_API_KEY,
				webhookSecret: stack.secrets.WEBHOOK_SECRET,
				simulatorUrl: baseUrls(settings).simulator,
			},
			complaints: () => complaints,
			stop,
		};
	} catch (error) {
		await stop();
		throw error;
	}
}

async function launch(options: OwnStackOptions, settings: StackSettings) {
	const complaints: string[] = [];
	const stack = await startStack({
		settings,
		entries: builtEntries(options.root),
		signal: options.signal,
		onProgress: options.onProgress,
		onFailure: options.onFailure,
		onLine(name, line) {
			if (!asksForAttention(line)) return;
			complaints.push(`${name.padEnd(9)} | ${line}`);
			if (complaints.length > keptComplaints) complaints.shift();
		},
	});
	return { stack, complaints };
}

/** The environment of a stack of its own: the machine's, without any setting of an installation. */
export function withoutSettings(
	env: Record<string, string | undefined>,
): Record<string, string | undefined> {
	const entries = Object.entries(env);
	return Object.fromEntries(
		entries.filter(([name]) => !settingNames.test(name)),
	);
}

async function createEnv(
	env: Record<string, string | undefined>,
	dataDir: string,
	databaseUrl: string,
): Promise<Record<string, string | undefined>> {
	const ports = await Promise.all(Array.from({ length: 4 }, findFreePort));
	const [api, webhook, worker, simulator] = ports.map(String);
	return {
		...withoutSettings(env),
		DATA_DIR: dataDir,
		DATABASE_URL: databaseUrl,
		API_PORT: api,
		WEBHOOK_PORT: webhook,
		WORKER_PORT: worker,
		SIMULATOR_PORT: simulator,
	};
}

// Our processes log JSON; a line that is not is Node's own, or a crash.
function asksForAttention(line: string): boolean {
	try {
		const { level } = JSON.parse(line) as { level?: unknown };
		return loudLevels.includes(level);
	} catch {
		return line.trim() !== "";
	}
}
