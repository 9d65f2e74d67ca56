import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadSecrets } from "./secrets.ts";
import { makeTempFolder } from "./testing/temp-folder.ts";

it("makes every secret once and gives the same ones after a restart", () => {
	const folder = makeTempFolder();

	const first = loadSecrets(folder, {});
	const second = loadSecrets(folder, {});

	expect(second).toEqual(first);
	expect(first.CALLBACK_KEYS).toMatch(/^k1:[A-Za-z0-9+/]{43}=$/);
	expect(first.ENCRYPTION_KEYS).toMatch(/^k1:[A-Za-z0-9+/]{43}=$/);
	expect(first.BOOTSTRAP_API_KEY).toMatch(/^rl_[\w-]{32}$/);
	expect(first.WEBHOOK_SECRET).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
	expect(first.CALLBACK_KEYS).not.toBe(first.ENCRYPTION_KEYS);
});

it("lets nobody else read them", () => {
	const folder = makeTempFolder();

	loadSecrets(folder, {});

	expect(statSync(join(folder, "secrets.json")).mode & 0o777).toBe(0o600);
});

it("prefers the environment and writes down nothing of it", () => {
	const folder = makeTempFolder();
	const env = { BOOTSTRAP_API_KEY: "rl_of-the-environment-0123" };

	const secrets = loadSecrets(folder, env);

	expect(secrets.BOOTSTRAP_API_KEY).toBe(env.BOOTSTRAP_API_KEY);
	const kept = readFileSync(join(folder, "secrets.json"), "utf8");
	expect(kept).not.toContain(env.BOOTSTRAP_API_KEY);
});

it("adds a secret that an older file lacks and keeps the rest", () => {
	const folder = makeTempFolder();
	const callbackKeys = loadSecrets(folder, {}).CALLBACK_KEYS;
	const older = JSON.stringify({ CALLBACK_KEYS: callbackKeys });
	writeFileSync(join(folder, "secrets.json"), older);

	const secrets = loadSecrets(folder, {});

	expect(secrets.CALLBACK_KEYS).toBe(callbackKeys);
	expect(secrets.WEBHOOK_SECRET).toMatch(/^whsec_/);
});

it("refuses a damaged file and never replaces it", () => {
	const folder = makeTempFolder();
	writeFileSync(join(folder, "secrets.json"), '{"CALLBACK_KEYS": "k1:');

	expect(() => loadSecrets(folder, {})).toThrow("cannot be read as JSON");

	const kept = readFileSync(join(folder, "secrets.json"), "utf8");
	expect(kept).toBe('{"CALLBACK_KEYS": "k1:');
});
