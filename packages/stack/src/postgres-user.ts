import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, lstatSync, mkdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, parse, resolve } from "node:path";

/** Whom Postgres runs as; undefined means as the present user. */
export type RunAs = { uid: number; gid: number } | undefined;

/**
 * Postgres refuses to run as root. Started by root it runs as the owner of
 * its data, else as user postgres, else as nobody, one of whom every system
 * has.
 */
export function choosePostgresUser(dataFolder: string): RunAs {
	if (process.getuid?.() !== 0) return undefined;
	if (existsSync(dataFolder)) {
		const { uid, gid } = statSync(dataFolder);
		if (uid !== 0) return { uid, gid };
	}
	for (const name of ["postgres", "nobody"]) {
		const uid = idOf("-u", name);
		const gid = idOf("-g", name);
		if (uid && gid) return { uid, gid };
	}
	throw new Error(
		"Postgres cannot run as root, and this system has neither a user postgres nor nobody. Start as another user, or set DATABASE_URL.",
	);
}

function idOf(flag: string, name: string): number | null {
	try {
		const stdio: ["ignore", "pipe", "ignore"] = ["ignore", "pipe", "ignore"];
		return Number(
			execFileSync("id", [flag, name], { encoding: "utf8", stdio }),
		);
	} catch {
		return null;
	}
}

/** The first folder on the way to a path that this user may not enter. */
export function findClosedFolder(path: string, runAs: RunAs): string | null {
	if (!runAs) return null;
	for (const folder of foldersAbove(resolve(path))) {
		if (!existsSync(folder)) return null;
		const { uid, gid, mode } = statSync(folder);
		const bit = uid === runAs.uid ? 0o100 : gid === runAs.gid ? 0o010 : 0o001;
		if (!(mode & bit)) return folder;
	}
	return null;
}

function foldersAbove(path: string): string[] {
	const { root } = parse(path);
	const folders: string[] = [];
	for (let at = dirname(path); at !== root; at = dirname(at))
		folders.unshift(at);
	return folders;
}

/**
 * A folder that stands for `path` where every user may enter: used by root
 * whose home is closed. The same path leads to the same folder after a
 * restart.
 */
export function standInFolder(path: string, runAs: RunAs): string {
	const digest = createHash("sha256").update(resolve(path)).digest("hex");
	const name = `${basename(path)}-${digest.slice(0, 12)}`;
	for (const base of ["/var/lib/reelay", join(tmpdir(), "reelay")]) {
		if (isOpenFolderOfRoot(base, runAs)) return join(base, name);
	}
	throw new Error(
		`Postgres cannot run as root, and its user may not enter ${findClosedFolder(path, runAs)}. Set DATA_DIR to a folder that every user may enter.`,
	);
}

// Under the temporary folder somebody else could have made it first.
function isOpenFolderOfRoot(folder: string, runAs: RunAs): boolean {
	try {
		mkdirSync(folder, { recursive: true });
		const found = lstatSync(folder);
		if (!found.isDirectory() || found.uid !== 0) return false;
		chmodSync(folder, 0o755);
		return findClosedFolder(join(folder, "any"), runAs) === null;
	} catch {
		return false;
	}
}
