import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedisProgram } from "@reelay/shared/testing/redis-program";

/** A Redis of the run's own, without persistence, as the bell needs none; null where the machine has no program. */
export async function startRedis(
	port: number,
): Promise<{ url: string; stop(): Promise<void> } | null> {
	const program = findRedisProgram();
	if (program === null) return null;
	const folder = mkdtempSync(join(tmpdir(), "reelay-bench-redis-"));
	const server = spawn(
		program.file,
		[
			...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
			...["--appendonly", "no", "--save", ""],
			...["--maxmemory-policy", "noeviction"],
		],
		{ argv0: program.argv0, stdio: ["ignore", "pipe", "inherit"] },
	);
	for await (const chunk of server.stdout) {
		if (/ready to accept connections/i.test(String(chunk))) break;
	}
	return {
		url: `redis://127.0.0.1:${port}`,
		async stop() {
			const exited = once(server, "exit");
			server.kill("SIGTERM");
			await exited;
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
