import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "./folder-lock.ts";

const makers = {
	CALLBACK_KEYS: () => `k1:${randomBytes(32).toString("base64")}`,
	ENCRYPTION_KEYS: () => `k1:${randomBytes(32).toString("base64")}`,
	BOOTSTRAP_API_KEY: () => `rl_${randomBytes(24).toString("base64url")}`,
	WEBHOOK_SECRET: () => `whsec_${randomBytes(32).toString("base64")}`,
};

export type SecretName = keyof typeof makers;
export type Secrets = Record<SecretName, string>;

const names = Object.keys(makers) as SecretName[];

/**
 * The secrets the apps need. What the environment does not name is made once
 * and kept in `secrets.json`, readable by its owner alone. Losing that file
 * loses the callbacks on their way and the sealed secrets, so a file that
 * cannot be read is an error and never replaced.
 */
export function loadSecrets(
	folder: string,
	env: Record<string, string | undefined>,
): Secrets {
	const file = join(folder, "secrets.json");
	const kept = readKept(file);
	const missing = names.filter((name) => !env[name] && !kept[name]);
	if (missing.length > 0) {
		for (const name of missing) kept[name] = makers[name]();
		makeFolder(folder);
		// Written beside and renamed: a crash leaves the old file or the new one.
		writeFileSync(`${file}.part`, `${JSON.stringify(kept, null, 2)}\n`, {
			mode: 0o600,
		});
		renameSync(`${file}.part`, file);
	}
	const entries = names.map((name) => [name, env[name] || kept[name]]);
	return Object.fromEntries(entries) as Secrets;
}

function readKept(file: string): Partial<Secrets> {
	if (!existsSync(file)) return {};
	try {
		return JSON.parse(readFileSync(file, "utf8")) as Partial<Secrets>;
	} catch (error) {
		throw new Error(
			`${file} cannot be read as JSON. Restore it, or remove it to have new secrets made.`,
			{ cause: error },
		);
	}
}
