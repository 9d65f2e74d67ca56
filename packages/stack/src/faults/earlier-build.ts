import { execFile, execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A build of this repository in a folder of its own. */
export type EarlierBuild = {
	root: string;
	/** The commit that it is made of, in short. */
	commit: string;
	remove(): void;
};

// What is in the store already is not looked up again.
const buildScript = `
process.env.npm_config_prefer_offline = "true";
const { ensureInstalled } = await import("./scripts/install.mjs");
const { build } = await import("./scripts/build.mjs");
const { code } = await build(await ensureInstalled());
process.exit(code);`;

/** The migrations of the repository at `root`, the oldest first. */
function listMigrations(root: string): string[] {
	return readdirSync(join(root, "prisma/migrations"), { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map((entry) => entry.name)
		.sort();
}

/** The migrations that one repository has and an earlier one lacks, the oldest first. */
export function migrationsSince(earlierRoot: string, root: string): string[] {
	const before = new Set(listMigrations(earlierRoot));
	return listMigrations(root).filter((name) => !before.has(name));
}

/**
 * Builds an earlier commit, or, where none is named, the last one that had not the newest migration, as one finds it in the
 * repository's own history. Null where there is no such history, after a line that says what to do.
 */
export async function buildEarlier(
	root: string,
	named: string,
): Promise<EarlierBuild | null> {
	const commit = named === "" ? findCommit(root) : named;
	if (commit === null) {
		process.stderr.write(
			"\nSKIPPED: the rolling upgrade. It builds the commit before the newest migration, which is not in this folder's history: use a clone, and run git fetch --unshallow in a shallow one.\n\n",
		);
		return null;
	}
	const folder = mkdtempSync(join(tmpdir(), "reelay-earlier-"));
	const remove = () => rmSync(folder, { recursive: true, force: true });
	try {
		unpack({ root, commit, folder });
		// Its error holds what it wrote.
		const args = ["--input-type=module", "--eval", buildScript];
		await promisify(execFile)(process.execPath, args, { cwd: folder });
		return { root: folder, commit: shortOf(root, commit), remove };
	} catch (error) {
		remove();
		throw error;
	}
}

function findCommit(root: string): string | null {
	// A folder without a history of its own may lie in somebody else's.
	if (git(root, ["rev-parse", "--show-prefix"]) !== "") return null;
	// Other files of its folder may have come later.
	const path = `prisma/migrations/${listMigrations(root).at(-1)}/migration.sql`;
	const added = git(root, [
		...["log", "--max-count=1", "--diff-filter=A", "--format=%H"],
		...["--", path],
	]);
	if (added === null) return null;
	// A migration that is not committed yet: the last release is what is.
	const before = added === "" ? "HEAD" : `${added}^`;
	return git(root, ["rev-parse", "--verify", "--quiet", `${before}^{commit}`]);
}

function shortOf(root: string, commit: string): string {
	return git(root, ["log", "-1", "--format=%h", commit]) ?? commit;
}

function git(root: string, args: string[]): string | null {
	const { status, stdout } = spawnSync("git", args, {
		cwd: root,
		encoding: "utf8",
	});
	return status === 0 ? stdout.trim() : null;
}

function unpack(from: { root: string; commit: string; folder: string }): void {
	const { root, commit, folder } = from;
	const archive = join(folder, "source.tar");
	const tar = execFileSync("git", ["archive", "--format=tar", commit], {
		cwd: root,
		maxBuffer: 2 ** 30,
	});
	writeFileSync(archive, tar);
	execFileSync("tar", ["-xf", archive, "-C", folder]);
	rmSync(archive);
}
