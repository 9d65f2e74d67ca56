import { join } from "node:path";
import { applyMigrations } from "@reelay/prisma/migrate";
import { createAppEnv, readinessUrl } from "./app-env.ts";
import { startEmbeddedPostgres } from "./embedded-postgres.ts";
import type { AppName, StackEntries } from "./entries.ts";
import { lockFolder } from "./folder-lock.ts";
import { checkPorts } from "./ports.ts";
import { type RunningProcess, startProcess } from "./processes.ts";
import { loadSecrets, type Secrets } from "./secrets.ts";
import type { StackSettings } from "./settings.ts";

export type StackOptions = {
	settings: StackSettings;
	entries: StackEntries;
	/** Which processes to start; without it all that there are. */
	apps?: readonly AppName[];
	/** Ends a start that is still under way; what had started is stopped. */
	signal?: AbortSignal;
	/** One sentence about what is happening now. */
	onProgress?: (sentence: string) => void;
	onLine?: (name: AppName, line: string) => void;
	/** Called with a sentence when a part ends without being asked to. */
	onFailure?: (sentence: string) => void;
};

export type RunningStack = {
	databaseUrl: string;
	secrets: Secrets;
	processes: Map<AppName, RunningProcess>;
	/** Starts a process that was stopped or killed again, with these settings changed for good, and waits for it. */
	launch(
		name: AppName,
		changed?: Record<string, string>,
	): Promise<RunningProcess>;
	/** Stops everything, the receivers of work before its keepers. */
	stop(): Promise<void>;
};

/**
 * Starts Postgres (unless there is one), migrates it, and starts the
 * simulator (unless there is a key) and the three apps; resolves when all are
 * ready. Throws a sentence otherwise, and then leaves nothing running.
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
	const { settings, signal, onProgress = () => {} } = options;
	const stops: (() => Promise<void> | void)[] = [];
	let stopping: Promise<void> | undefined;
	const stop = () => {
		stopping ??= stopInReverse(stops);
		return stopping;
	};
	try {
		stops.push(lockFolder(settings.dataDir));
		await checkPorts(neededPorts(settings));
		const secrets = loadSecrets(settings.dataDir, settings.env);
		const databaseUrl = await openDatabase(options, stops);
		await orAbort(migrate(databaseUrl, onProgress), signal);

		const processes = new Map<AppName, RunningProcess>();
		const env = createAppEnv({ settings, secrets, databaseUrl });
		const launch = async (name: AppName, changed = {}) => {
			Object.assign(env, changed);
			const running = await launchApp(options, name, env);
			processes.set(name, running);
			return running;
		};
		for (const group of launchOrder(options)) {
			// Pushed before the launch: a group that is half up is stopped too.
			stops.push(() => stopAll(group, processes));
			onProgress(`Starting ${group.join(" and ")} …`);
			await launchGroup(group, (name) => launch(name));
			signal?.throwIfAborted();
		}
		return { databaseUrl, secrets, processes, launch, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

// Stopped in the reverse order: the worker's last calls still find a
// receiver, and everybody finds the database.
function launchOrder({ settings, apps }: StackOptions): AppName[][] {
	const provider: AppName[][] = settings.providerKey ? [] : [["simulator"]];
	const order: AppName[][] = [...provider, ["webhook"], ["worker", "api"]];
	return order
		.map((group) => group.filter((name) => apps?.includes(name) ?? true))
		.filter((group) => group.length > 0);
}

function neededPorts(settings: StackSettings): Record<string, number> {
	const { databaseUrl, postgresPort, providerKey } = settings;
	return {
		API_PORT: settings.apiPort,
		WEBHOOK_PORT: settings.webhookPort,
		WORKER_PORT: settings.workerPort,
		...(providerKey ? {} : { SIMULATOR_PORT: settings.simulatorPort }),
		...(databaseUrl || !postgresPort ? {} : { POSTGRES_PORT: postgresPort }),
	};
}

async function openDatabase(
	{ settings, onProgress = () => {}, onFailure }: StackOptions,
	stops: (() => Promise<void> | void)[],
): Promise<string> {
	if (settings.databaseUrl) return settings.databaseUrl;
	onProgress("Starting Postgres …");
	const postgres = await startEmbeddedPostgres({
		folder: join(settings.dataDir, "postgres"),
		port: settings.postgresPort,
		onNotice: onProgress,
		...(onFailure ? { onExit: onFailure } : {}),
	});
	stops.push(postgres.stop);
	return postgres.url;
}

async function migrate(
	url: string,
	onProgress: (sentence: string) => void,
): Promise<void> {
	const { applied } = await applyMigrations({ url });
	if (applied.length > 0) {
		onProgress(`Applied ${applied.length} migration(s) to the database.`);
	}
}

// A database that does not answer is waited for; an abort need not wait too.
async function orAbort(
	work: Promise<void>,
	signal: AbortSignal | undefined,
): Promise<void> {
	signal?.throwIfAborted();
	const aborted = new Promise<never>((_, reject) => {
		signal?.addEventListener("abort", () => reject(signal.reason));
	});
	await Promise.race([work, aborted]);
}

function launchApp(
	{ settings, entries, signal, onLine, onFailure }: StackOptions,
	name: AppName,
	env: Record<string, string | undefined>,
): Promise<RunningProcess> {
	return startProcess({
		name,
		args: entries[name],
		env,
		readyUrl: readinessUrl(settings, name),
		...(signal ? { signal } : {}),
		...(onLine ? { onLine: (line: string) => onLine(name, line) } : {}),
		...(onFailure ? { onExit: onFailure } : {}),
	});
}

// Waits for all even when one has failed, so that none appears after the
// stop has looked.
async function launchGroup(
	group: AppName[],
	launch: (name: AppName) => Promise<RunningProcess>,
): Promise<void> {
	const results = await Promise.allSettled(group.map(launch));
	for (const result of results) {
		if (result.status === "rejected") throw result.reason;
	}
}

async function stopAll(
	group: AppName[],
	processes: Map<AppName, RunningProcess>,
): Promise<void> {
	await Promise.all(group.map((name) => processes.get(name)?.stop()));
}

// One that does not stop must not keep the others running.
async function stopInReverse(
	stops: (() => Promise<void> | void)[],
): Promise<void> {
	const errors: unknown[] = [];
	for (const stop of stops.reverse()) {
		try {
			await stop();
		} catch (error) {
			errors.push(error);
		}
	}
	if (errors.length > 0) throw errors[0];
}
