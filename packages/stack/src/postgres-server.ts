import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { postgresEnv } from "./postgres-cluster.ts";
import type { RunAs } from "./postgres-user.ts";

const stopTimeoutMs = 10_000;

export type ServerInput = {
	program: string;
	folder: string;
	port: number;
	runAs: RunAs;
	durable: boolean;
};

/** Starts the server on the folder's data; its log goes to postgres.log. */
export function spawnServer(input: ServerInput): ChildProcess {
	const { program, folder, port, runAs, durable } = input;
	const log = openSync(join(folder, "postgres.log"), "w");
	const place = ["-D", join(folder, "data"), "-p", String(port)];
	// A session of its own: Ctrl-C must reach the apps first and Postgres last.
	const server = spawn(program, [...place, ...serverSettings(durable)], {
		...runAs,
		cwd: "/",
		env: postgresEnv,
		detached: true,
		stdio: ["ignore", log, log],
	});
	// Without a pid the caller sees that nothing started; the log says why.
	server.once("error", () => {});
	closeSync(log);
	return server;
}

function serverSettings(durable: boolean): string[] {
	const settings = {
		listen_addresses: "127.0.0.1",
		unix_socket_directories: "",
		max_connections: "200",
		timezone: "UTC",
		log_timezone: "UTC",
		...(durable
			? { shared_buffers: "512MB", max_wal_size: "2GB" }
			: { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
	};
	return Object.entries(settings).flatMap(([key, value]) => [
		"-c",
		`${key}=${value}`,
	]);
}

/** Also true of a server that could not be started at all. */
export function hasEnded(server: ChildProcess): boolean {
	return !server.pid || server.exitCode !== null || server.signalCode !== null;
}

/** Ends the server in order, and by force when that takes too long. */
export async function stopServer(server: ChildProcess): Promise<void> {
	// SIGINT disconnects whoever is left, SIGQUIT does not even say goodbye.
	for (const signal of ["SIGINT", "SIGQUIT", "SIGKILL"] as const) {
		if (hasEnded(server)) return;
		const exited = once(server, "exit");
		server.kill(signal);
		const timer = new AbortController();
		const timeout = delay(stopTimeoutMs, null, { signal: timer.signal });
		await Promise.race([exited, timeout.catch(() => {})]);
		timer.abort();
	}
}

/** What to tell when the server ended without being asked to. */
export function exitSentence(folder: string): string {
	const log = join(folder, "postgres.log");
	const lines = readFileSync(log, "utf8").trim().split("\n").slice(-5);
	return `Postgres ended by itself; the last lines of ${log}:\n${lines.join("\n")}`;
}
