import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { findRedisProgram, type RedisProgram } from "./redis-program.ts";

declare module "vitest" {
	interface ProvidedContext {
		/** REDIS_URL of the run, or the empty string. */
		redisUrl: string;
		/** True where a missing Redis is a failure and not a reason to skip. */
		isContinuousIntegration: boolean;
	}
}

export type TestRedis = {
	url: string;
	port: number;
	/** Null when the server is not ours to stop or to kill. */
	pid: number | null;
	/** Keeps the keys of one test file apart on a server that is shared. */
	prefix: string;
	stop(): Promise<void>;
};

export type TestRedisOptions = {
	/** The port of a server that was stopped or killed, to come back on it. */
	port?: number;
	/** Settings in the form of the command line: `--maxmemory 1mb`. */
	settings?: string[];
};

const stopTimeoutMs = 5_000;

/**
 * A Redis of the suite's own, empty, on a free port of loopback and without
 * eviction. Null when the machine has none and none can be installed: the
 * suite skips itself, after a loud line. In continuous integration that is an
 * error instead.
 */
export async function startTestRedis(
	options: TestRedisOptions = {},
): Promise<TestRedis | null> {
	const prefix = `test-${randomBytes(6).toString("hex")}`;
	const program = findRedisProgram();
	if (program) return { prefix, ...(await startServer(program, options)) };

	const shared = inject("redisUrl");
	if (shared) {
		const port = Number(new URL(shared).port || 6379);
		return { url: shared, port, pid: null, prefix, stop: async () => {} };
	}
	const message =
		"No redis-server was found. Install Redis or Valkey, or set REDIS_URL.";
	if (inject("isContinuousIntegration")) throw new Error(message);
	process.stderr.write(`\nSKIPPED: the tests on Redis. ${message}\n\n`);
	return null;
}

async function startServer(
	{ file, argv0 }: RedisProgram,
	{ port = 0, settings = [] }: TestRedisOptions,
): Promise<Omit<TestRedis, "prefix">> {
	const chosen = port || (await findFreePort());
	const folder = mkdtempSync(join(tmpdir(), "reelay-redis-"));
	const flags = `--port ${chosen} --bind 127.0.0.1 --dir ${folder} --appendonly no --maxmemory-policy noeviction`;
	const server = spawn(
		file,
		[
			...flags.split(" "),
			"--save",
			"",
			...settings.flatMap((s) => s.split(" ")),
		],
		{ argv0, detached: true, stdio: ["ignore", "pipe", "inherit"] },
	);
	const guard = spawnGuard(server, folder);
	const stop = async () => {
		await stopServer(server);
		guard.kill();
		rmSync(folder, { recursive: true, force: true });
	};
	try {
		await waitUntilReady(server);
	} catch (error) {
		await stop();
		throw error;
	}
	const pid = server.pid ?? null;
	return { url: `redis://127.0.0.1:${chosen}`, port: chosen, pid, stop };
}

// A test process that is killed cannot stop its server; the pipe closing can.
function spawnGuard(server: ChildProcess, folder: string): ChildProcess {
	const script = 'cat > /dev/null; kill -9 "$1"; rm -rf "$2"';
	const guard = spawn(
		"/bin/sh",
		["-c", script, "redis-guard", String(server.pid), folder],
		{ detached: true, stdio: ["pipe", "ignore", "ignore"] },
	);
	guard.unref();
	return guard;
}

async function waitUntilReady(server: ChildProcess): Promise<void> {
	let output = "";
	await new Promise<void>((resolve, reject) => {
		server.stdout?.on("data", (chunk: Buffer) => {
			output += chunk.toString();
			if (/ready to accept connections/i.test(output)) resolve();
		});
		server.once("error", reject);
		server.once("exit", () => reject(new Error(`Redis ended:\n${output}`)));
	});
}

async function stopServer(server: ChildProcess): Promise<void> {
	const ended = () => server.exitCode !== null || server.signalCode !== null;
	if (ended() || !server.pid) return;
	const exited = once(server, "exit");
	server.kill("SIGTERM");
	const timer = setTimeout(() => server.kill("SIGKILL"), stopTimeoutMs);
	await exited;
	clearTimeout(timer);
}

async function findFreePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	await once(server, "close");
	if (address === null || typeof address === "string") {
		throw new Error("No free port was found on 127.0.0.1.");
	}
	return address.port;
}
