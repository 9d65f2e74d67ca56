import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { lockFolder, makeFolder } from "./folder-lock.ts";
import { spawnGuard } from "./guard.ts";
import { findFreePort, isPortFree } from "./ports.ts";
import { findPostgresBinaries } from "./postgres-binaries.ts";
import { ensureCluster, superuser } from "./postgres-cluster.ts";
import {
	exitSentence,
	hasEnded,
	spawnServer,
	stopServer,
} from "./postgres-server.ts";
import {
	choosePostgresUser,
	findClosedFolder,
	type RunAs,
	standInFolder,
} from "./postgres-user.ts";
import { findProcess } from "./process-identity.ts";

export type EmbeddedPostgresOptions = {
	/** Holds the data, the log and the lock. Made when absent. */
	folder: string;
	/** 0 takes a free one. */
	port?: number;
	/** False trades the data's safety for speed: for tests only. */
	durable?: boolean;
	/** Throws the folder away at the stop, or when this process dies. */
	temporary?: boolean;
	onNotice?: (sentence: string) => void;
	/** Called with a sentence if the server ends without being asked to. */
	onExit?: (sentence: string) => void;
};

export type EmbeddedPostgres = {
	url: string;
	port: number;
	/** Where the data really is: not always where it was asked for. */
	folder: string;
	pid: number;
	stop(): Promise<void>;
};

const database = "reelay";
const startTimeoutMs = 120_000;
const leftoverTimeoutMs = 10_000;

/**
 * Starts a Postgres of our own on loopback and waits until it answers. The
 * data outlives a stop, a SIGKILL of this process and one of the server. If
 * this process dies the server stops soon after.
 */
export async function startEmbeddedPostgres(
	options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
	const { onNotice = () => {}, temporary = false } = options;
	const { folder, runAs } = choosePlace(options.folder, onNotice);
	const unlock = lockFolder(folder);
	const letGo = () => {
		unlock();
		if (temporary) rmSync(folder, { recursive: true, force: true });
	};
	try {
		return await startIn({ ...options, onNotice }, { folder, runAs, letGo });
	} catch (error) {
		letGo();
		throw error;
	}
}

type Place = { folder: string; runAs: RunAs; letGo: () => void };

async function startIn(
	options: EmbeddedPostgresOptions & { onNotice: (sentence: string) => void },
	{ folder, runAs, letGo }: Place,
): Promise<EmbeddedPostgres> {
	const { durable = true, temporary = false, onNotice } = options;
	await endLeftover(join(folder, "data"));
	const binaries = findPostgresBinaries(runAs);
	const made = { folder, binaries, runAs, durable, onNotice };
	const password = await ensureCluster(made);
	const port = await choosePort(options.port ?? 0);
	const program = binaries.postgres;
	const server = spawnServer({ program, folder, port, runAs, durable });
	const guard = spawnGuard({
		target: server.pid ?? 0,
		signal: "INT",
		graceS: 20,
		...(temporary ? { folderToRemove: folder } : {}),
	});

	let stopping: Promise<void> | undefined;
	const stop = () => {
		stopping ??= stopServer(server).then(() => {
			guard.kill();
			letGo();
		});
		return stopping;
	};
	const base = `postgresql://${superuser}:${password}@127.0.0.1:${port}`;
	try {
		await waitUntilUsable(`${base}/postgres`, server, folder);
	} catch (error) {
		await stop();
		throw error;
	}
	server.once("exit", () => {
		if (!stopping) options.onExit?.(exitSentence(folder));
	});
	const pid = server.pid ?? 0;
	return { url: `${base}/${database}`, port, folder, pid, stop };
}

function choosePlace(
	asked: string,
	onNotice: (sentence: string) => void,
): { folder: string; runAs: RunAs } {
	makeFolder(asked);
	const runAs = choosePostgresUser(join(asked, "data"));
	const closed = findClosedFolder(join(asked, "data"), runAs);
	if (!closed) return { folder: asked, runAs };

	const folder = standInFolder(asked, runAs);
	makeFolder(folder);
	onNotice(
		`Postgres cannot run as root, and its user may not enter ${closed}: the data is kept in ${folder}.`,
	);
	return { folder, runAs: choosePostgresUser(join(folder, "data")) };
}

async function choosePort(port: number): Promise<number> {
	if (port === 0) return findFreePort();
	if (await isPortFree(port)) return port;
	throw new Error(
		`Port ${port} is in use; set POSTGRES_PORT to a free port, or stop what listens there.`,
	);
}

// The folder's lock is ours, so a server that still runs on it belongs to a
// start that was killed. Its guard is about to stop it; if the guard was
// killed too, we do. A pid file whose number now belongs to somebody else
// would keep Postgres from starting for ever.
async function endLeftover(data: string): Promise<void> {
	const file = join(data, "postmaster.pid");
	if (!existsSync(file)) return;
	const pid = Number.parseInt(readFileSync(file, "utf8"), 10);
	const isOurs = () => findProcess(pid)?.command.includes(data) ?? false;
	if (isOurs()) process.kill(pid, "SIGINT");
	for (let waited = 0; isOurs(); waited += 100) {
		if (waited > leftoverTimeoutMs) {
			throw new Error(`Postgres (process ${pid}) still runs on ${data}.`);
		}
		await delay(100);
	}
	rmSync(file, { force: true });
}

async function waitUntilUsable(
	url: string,
	server: ChildProcess,
	folder: string,
): Promise<void> {
	const giveUpAt = Date.now() + startTimeoutMs;
	for (;;) {
		const client = new pg.Client({ connectionString: url });
		client.on("error", () => {});
		try {
			await client.connect();
			await ensureDatabase(client);
			return;
		} catch (error) {
			if (hasEnded(server)) throw new Error(exitSentence(folder));
			if (Date.now() > giveUpAt) throw error;
			await delay(50);
		} finally {
			await client.end().catch(() => {});
		}
	}
}

async function ensureDatabase(client: pg.Client): Promise<void> {
	const { rowCount } = await client.query(
		"select 1 from pg_database where datname = $1",
		[database],
	);
	if (rowCount === 0) await client.query(`create database ${database}`);
}
