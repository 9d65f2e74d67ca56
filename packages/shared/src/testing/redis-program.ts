import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** How to start a Redis: the program, and the name it must be started under. */
export type RedisProgram = { file: string; argv0: string };

// Debian puts the server's code into redis-tools as well, under the name of
// a checker, and it is a server when it is called one. That package has no
// service, so nothing starts by itself and no port is taken.
const candidates: RedisProgram[] = [
	{ file: "redis-server", argv0: "redis-server" },
	{ file: "valkey-server", argv0: "valkey-server" },
	{ file: "redis-check-rdb", argv0: "redis-server" },
];

/**
 * A Redis or Valkey of this machine. Where there is none, and the system is a
 * Debian that we are root of, one is installed. Null when that is not
 * possible.
 */
export function findRedisProgram(): RedisProgram | null {
	return findInstalled() ?? (canInstall() ? install() : null);
}

function findInstalled(): RedisProgram | null {
	return (
		candidates.find(({ file, argv0 }) => {
			const { stdout } = spawnSync(file, ["--version"], {
				argv0,
				encoding: "utf8",
			});
			return /^(Redis|Valkey) server v=/.test(stdout ?? "");
		}) ?? null
	);
}

function canInstall(): boolean {
	return process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
}

function install(): RedisProgram | null {
	process.stderr.write("No Redis is installed: installing redis-tools.\n");
	// One installation at a time: test files run in several processes.
	const script = `export DEBIAN_FRONTEND=noninteractive
get() { apt-get install -y --no-install-recommends redis-tools; }
get || { apt-get update && get; }`;
	const { status, stderr } = spawnSync(
		"flock",
		["/tmp/reelay-apt.lock", "/bin/sh", "-c", script],
		{ encoding: "utf8", timeout: 180_000 },
	);
	if (status !== 0) process.stderr.write(`${stderr}\n`);
	return findInstalled();
}
