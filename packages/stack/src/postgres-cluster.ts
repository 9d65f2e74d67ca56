import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
	chownSync,
	existsSync,
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PostgresBinaries } from "./postgres-binaries.ts";
import type { RunAs } from "./postgres-user.ts";

export const superuser = "reelay";

/** Nothing of ours or the user's environment (PGPORT, LANG) leaks in. */
export const postgresEnv = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

export type ClusterPlace = {
	folder: string;
	binaries: PostgresBinaries;
	runAs: RunAs;
	durable: boolean;
	onNotice: (sentence: string) => void;
};

/**
 * Makes the data folder unless it is there, and returns its password. It is
 * made beside and renamed when complete, so `data` exists only whole: what a
 * killed start left half made is thrown away and made anew.
 */
export async function ensureCluster(place: ClusterPlace): Promise<string> {
	const data = join(place.folder, "data");
	if (!existsSync(data)) await makeCluster(place, data);
	checkMajor(data, place.binaries.major);
	return readPassword(data);
}

async function makeCluster(place: ClusterPlace, data: string): Promise<void> {
	const part = join(place.folder, "data.part");
	if (existsSync(part)) {
		place.onNotice(
			`An earlier start ended while it made the database in ${place.folder}; it is made anew.`,
		);
		rmSync(part, { recursive: true });
	}
	mkdirSync(part, { mode: 0o700 });
	own(part, place.runAs);
	const passwordFile = join(place.folder, "password.part");
	const password = randomBytes(24).toString("base64url");
	writePrivate(passwordFile, password, place.runAs);
	try {
		await initialise(place, part, passwordFile);
		writePrivate(
			join(part, "reelay.json"),
			JSON.stringify({ password }),
			place.runAs,
		);
		renameSync(part, data);
	} finally {
		rmSync(part, { recursive: true, force: true });
		rmSync(passwordFile, { force: true });
	}
}

async function initialise(
	{ binaries, runAs, durable }: ClusterPlace,
	data: string,
	passwordFile: string,
): Promise<void> {
	// The built-in locale is the same on every system, whatever it has installed.
	const flags = [
		`--pgdata=${data}`,
		`--username=${superuser}`,
		`--pwfile=${passwordFile}`,
		"--auth=scram-sha-256",
		"--encoding=UTF8",
		"--locale=C",
		"--locale-provider=builtin",
		"--builtin-locale=C.UTF-8",
		...(durable ? [] : ["--no-sync"]),
	];
	try {
		const options = { ...runAs, cwd: "/", env: postgresEnv };
		await promisify(execFile)(binaries.initdb, flags, options);
	} catch (error) {
		const { stderr, message } = error as { stderr?: string; message: string };
		throw new Error(
			`The database could not be made in ${data}: ${(stderr || message).trim()}`,
			{ cause: error },
		);
	}
}

function checkMajor(data: string, major: string): void {
	const found = readFileSync(join(data, "PG_VERSION"), "utf8").trim();
	if (found === major) return;
	throw new Error(
		`${data} was made by Postgres ${found}, and this is Postgres ${major}. Dump it with the older release first, or set DATA_DIR to a new folder.`,
	);
}

function readPassword(data: string): string {
	try {
		const text = readFileSync(join(data, "reelay.json"), "utf8");
		return (JSON.parse(text) as { password: string }).password;
	} catch (error) {
		throw new Error(
			`${data} was not made by Reelay, or has lost its reelay.json; set DATA_DIR to another folder.`,
			{ cause: error },
		);
	}
}

function writePrivate(file: string, text: string, runAs: RunAs): void {
	rmSync(file, { force: true });
	writeFileSync(file, text, { mode: 0o600 });
	own(file, runAs);
}

function own(path: string, runAs: RunAs): void {
	if (runAs) chownSync(path, runAs.uid, runAs.gid);
}
