import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { findRedisProgram } from "@reelay/shared/testing/redis-program";
import { spawnGuard } from "@reelay/stack/guard";

export type RunningRedis = {
	url: string;
	/** Ends it as a crash would; what it held is lost. May be called twice. */
	kill(): Promise<void>;
};

/** A Redis of the run's own, without persistence, as the bell needs none; null where the machine has no program. */
export async function startRedis(
	port: number,
	folder: string,
): Promise<RunningRedis | null> {
	const program = findRedisProgram();
	if (program === null) return null;
	const server = spawn(
		program.file,
		[
			...["--port", String(port), "--bind", "127.0.0.1"],
			...["--dir", mkdtempSync(join(folder, "redis-"))],
			...["--appendonly", "no", "--save", ""],
			...["--maxmemory-policy", "noeviction"],
		],
		{ argv0: program.argv0, stdio: ["ignore", "pipe", "inherit"] },
	);
	const guard = spawnGuard({
		target: server.pid ?? 0,
		signal: "TERM",
		graceS: 2,
	});
	for await (const chunk of server.stdout) {
		if (/ready to accept connections/i.test(String(chunk))) break;
	}
	return {
		url: `redis://127.0.0.1:${port}`,
		async kill() {
			if (server.exitCode !== null || server.signalCode !== null) return;
			const exited = once(server, "exit");
			server.kill("SIGKILL");
			await exited;
			guard.kill();
		},
	};
}
