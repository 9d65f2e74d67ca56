import { expect, it } from "vitest";
import { withoutSettings } from "./own-stack.ts";

it("keeps an installation's settings from a stack that is thrown away", () => {
	const env = withoutSettings({
		DATABASE_URL: "postgresql://production",
		REDIS_URL: "redis://production",
		SEE2AI_API_KEY: "real",
		SEE2AI_BASE_URL: "https://see2ai.com",
		CALLBACK_BASE_URL: "https://callbacks.example.com",
		CALLBACK_KEYS: "k1:a",
		ENCRYPTION_KEYS: "k1:b",
		BOOTSTRAP_API_KEY: "rl_c",
		WEBHOOK_SECRET: "whsec_d",
		SIMULATOR_KEYS: "other",
		PROVIDER_RATE: "1/60",
		API_PORT: "3000",
		DATA_DIR: "/data",
	});

	expect(env).toEqual({});
});

it("keeps the machine's variables", () => {
	const env = { PATH: "/bin", HOME: "/home/a", NODE_OPTIONS: "", TMPDIR: "/t" };

	expect(withoutSettings(env)).toEqual(env);
});
