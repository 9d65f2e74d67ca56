import { expect, it } from "vitest";
import { createAppEnv } from "./app-env.ts";
import { findWarning } from "./banner.ts";
import { loadStackSettings } from "./settings.ts";

const secrets = {
	CALLBACK_KEYS: "k1:a",
	ENCRYPTION_KEYS: "k1:b",
	BOOTSTRAP_API_KEY: "rl_c",
	WEBHOOK_SECRET: "whsec_d",
};

function appEnv(env: Record<string, string>) {
	const settings = loadStackSettings(env, "/clone");
	return createAppEnv({ settings, secrets, databaseUrl: "postgresql://db" });
}

it("runs on the simulator, and lets deliveries reach this machine, without a key", () => {
	const env = appEnv({ SIMULATOR_PORT: "4003", WEBHOOK_PORT: "4001" });

	expect(env).toMatchObject({
		...secrets,
		DATABASE_URL: "postgresql://db",
		DATA_DIR: "/clone/.reelay",
		SEE2AI_BASE_URL: "http://127.0.0.1:4003",
		SEE2AI_API_KEY: "sim-local",
		CALLBACK_BASE_URL: "http://127.0.0.1:4001",
		OUTBOUND_ALLOW_CIDRS: "127.0.0.0/8",
	});
});

it("opens nothing private and leaves the provider's address alone with a key", () => {
	const env = appEnv({ SEE2AI_API_KEY: "real" });

	expect(env.SEE2AI_API_KEY).toBe("real");
	expect(env).not.toHaveProperty("OUTBOUND_ALLOW_CIDRS");
	expect(env).not.toHaveProperty("SEE2AI_BASE_URL");
});

it("tells every mistake at once", () => {
	const load = () =>
		loadStackSettings(
			{ API_PORT: "http", WORKER_PORT: "70000", CALLBACK_BASE_URL: "here" },
			"/clone",
		);

	expect(load).toThrow(/API_PORT.*"http"/);
	expect(load).toThrow(/WORKER_PORT.*"70000"/);
	expect(load).toThrow(/CALLBACK_BASE_URL.*"here"/);
});

it("warns of a provider that can not call back, and only then", () => {
	const warningFor = (env: Record<string, string>) =>
		findWarning(loadStackSettings(env, "/clone"));
	const publicUrl = { CALLBACK_BASE_URL: "https://callbacks.example.com" };

	expect(warningFor({ SEE2AI_API_KEY: "real" })).toContain("cannot call back");
	expect(warningFor({ SEE2AI_API_KEY: "real", ...publicUrl })).toBeNull();
	expect(warningFor({})).toBeNull();
});
