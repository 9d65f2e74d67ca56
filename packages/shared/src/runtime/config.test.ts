import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
	ConfigError,
	describeConfig,
	loadConfig,
	maskUrlPassword,
} from "./config.ts";
import * as settings from "./settings.ts";

const key = Buffer.alloc(32, 1).toString("base64");
const schema = z.object({
	DATABASE_URL: settings.databaseUrl,
	REDIS_URL: settings.redisUrl,
	SEE2AI_API_KEY: settings.see2aiApiKey,
	SEE2AI_BASE_URL: settings.see2aiBaseUrl,
	CALLBACK_BASE_URL: settings.callbackBaseUrl,
	CALLBACK_KEYS: settings.callbackKeys,
	ENCRYPTION_KEYS: settings.encryptionKeys,
	API_PORT: settings.port(3000, "the API's port"),
	DATA_DIR: settings.dataDir,
	BOOTSTRAP_API_KEY: settings.bootstrapApiKey,
	WEBHOOK_SECRET: settings.webhookSecret,
	OUTBOUND_ALLOW_CIDRS: settings.cidrs,
	SUBMIT_TIMEOUT_S: settings.seconds(600, "the longest a call may take"),
	PROVIDER_RATE: settings.rate({ count: 20, windowS: 10 }, "calls"),
	PROVIDER_CONCURRENCY: settings.positiveInt(100, "renders at once"),
	LOG_LEVEL: settings.logLevel,
});
const least = {
	DATABASE_URL: "postgresql://reelay:s3cret@localhost:5432/reelay",
	CALLBACK_BASE_URL: "https://callbacks.example.com/base/",
	CALLBACK_KEYS: `k1:${key}`,
	ENCRYPTION_KEYS: `k1:${key}`,
	SEE2AI_API_KEY: "sk-test",
};

function problemsOf(env: Record<string, string | undefined>) {
	try {
		loadConfig(schema, env);
	} catch (error) {
		if (error instanceof ConfigError) return error;
		throw error;
	}
	throw new Error("the settings were accepted");
}

describe("loadConfig", () => {
	it("fills in the defaults that the design names", () => {
		const config = loadConfig(schema, least);

		expect(JSON.parse(JSON.stringify(config))).toEqual({
			DATABASE_URL: least.DATABASE_URL,
			CALLBACK_BASE_URL: "https://callbacks.example.com/base",
			CALLBACK_KEYS: { ids: ["k1"] },
			ENCRYPTION_KEYS: { ids: ["k1"] },
			SEE2AI_API_KEY: "sk-test",
			SEE2AI_BASE_URL: "https://see2ai.com",
			API_PORT: 3000,
			DATA_DIR: ".reelay",
			OUTBOUND_ALLOW_CIDRS: [],
			SUBMIT_TIMEOUT_S: 600,
			PROVIDER_RATE: { count: 20, windowS: 10 },
			PROVIDER_CONCURRENCY: 100,
			LOG_LEVEL: "info",
		});
	});

	it("takes an empty or blank variable for an absent one", () => {
		const config = loadConfig(schema, {
			...least,
			REDIS_URL: "",
			API_PORT: "  ",
			LOG_LEVEL: undefined,
		});

		expect([config.REDIS_URL, config.API_PORT, config.LOG_LEVEL]).toEqual([
			undefined,
			3000,
			"info",
		]);
	});

	it("reads what is set, and no variable that the schema does not name", () => {
		const config = loadConfig(schema, {
			...least,
			API_PORT: " 8080\n",
			PROVIDER_RATE: "5/1",
			OUTBOUND_ALLOW_CIDRS: "10.0.0.0/8",
			PATH: "/bin",
		});

		expect(config).toMatchObject({
			API_PORT: 8080,
			PROVIDER_RATE: { count: 5, windowS: 1 },
		});
		expect(config.OUTBOUND_ALLOW_CIDRS).toHaveLength(1);
		expect(config).not.toHaveProperty("PATH");
	});

	it("lists every mistake at once, each with what a right value looks like", () => {
		const error = problemsOf({
			DATABASE_URL: "mysql://root:s3cret@db/x",
			CALLBACK_BASE_URL: "callbacks.example.com",
			CALLBACK_KEYS: "k1:c2hvcnQ=",
			API_PORT: "99999",
			PROVIDER_RATE: "20 per 10",
			LOG_LEVEL: "loud",
		});

		expect(error.message).toBe(
			[
				"The settings are not right:",
				'  DATABASE_URL must be a URL that starts with postgresql:// or postgres://, not "mysql://root:***@db/x" (example: postgresql://reelay:password@localhost:5432/reelay)',
				"  SEE2AI_API_KEY is not set: the tenant's key for SEE2AI",
				'  CALLBACK_BASE_URL must be a URL that starts with https:// or http://, not "callbacks.example.com" (example: https://callbacks.example.com)',
				'  CALLBACK_KEYS the key "k1" has 5 bytes and needs at least 16: make one with `openssl rand -base64 32` (example: k1:<openssl rand -base64 32>)',
				"  ENCRYPTION_KEYS is not set: the keys that seal stored secrets; the first one seals (example: k1:<openssl rand -base64 32>)",
				'  API_PORT must be a whole number from 0 to 65535, not "99999" (example: 3000)',
				'  PROVIDER_RATE must be count/seconds, both whole and above zero, not "20 per 10" (example: 20/10)',
				'  LOG_LEVEL must be fatal, error, warn, info, debug, trace or silent, not "loud" (example: info)',
			].join("\n"),
		);
	});

	it.each([
		["API_PORT", "3e3"],
		["API_PORT", "-1"],
		["API_PORT", "80.5"],
		["API_PORT", "0x50"],
		["SUBMIT_TIMEOUT_S", "0"],
		["SUBMIT_TIMEOUT_S", "10m"],
		["PROVIDER_CONCURRENCY", "0"],
		["PROVIDER_RATE", "0/10"],
		["PROVIDER_RATE", "20/0"],
		["PROVIDER_RATE", "20"],
		["REDIS_URL", "localhost:6379"],
		["CALLBACK_BASE_URL", "https://example.com/?a=1"],
		["CALLBACK_BASE_URL", "https://user:pw@example.com/"],
		["OUTBOUND_ALLOW_CIDRS", "10.0.0.0/40"],
		["ENCRYPTION_KEYS", `k1:${Buffer.alloc(16, 1).toString("base64")}`],
		["BOOTSTRAP_API_KEY", "twenty-three-characters"],
		["BOOTSTRAP_API_KEY", "with a space, but long enough"],
		["WEBHOOK_SECRET", "whsec_short"],
		["LOG_LEVEL", "INFO"],
	])("refuses %s=%s", (name, value) => {
		const error = problemsOf({ ...least, [name]: value });

		expect(error.problems.map((problem) => problem.name)).toEqual([name]);
	});

	it.each([
		["CALLBACK_KEYS", "S3CRETS3CRET"],
		["ENCRYPTION_KEYS", "k1:S3CRETS3CRET"],
		["BOOTSTRAP_API_KEY", "S3CRET"],
		["WEBHOOK_SECRET", "whsec_S3CRET"],
		["DATABASE_URL", "http://u:S3CRET@host/"],
		["REDIS_URL", "http://u:S3CRET@host:port:9/"],
	])("does not show the secret in a wrong %s", (name, value) => {
		const error = problemsOf({ ...least, [name]: value });

		expect(error.message).toContain(name);
		expect(error.message).not.toContain("S3CRET");
	});
});

describe("describeConfig", () => {
	it("masks what is secret, passwords in URLs too, and says what is not set", () => {
		const config = loadConfig(schema, {
			...least,
			SEE2AI_API_KEY: "S3CRET",
			OUTBOUND_ALLOW_CIDRS: "127.0.0.0/8",
			REDIS_URL: "rediss://:S3CRET@cache:6379/0",
		});

		const shown = JSON.stringify(
			describeConfig(config, ["SEE2AI_API_KEY", "BOOTSTRAP_API_KEY"]),
		);

		expect(shown).not.toMatch(/s3cret/i);
		expect(shown).not.toContain(key);
		expect(JSON.parse(shown)).toMatchObject({
			DATABASE_URL: "postgresql://reelay:***@localhost:5432/reelay",
			REDIS_URL: "rediss://:***@cache:6379/0",
			SEE2AI_API_KEY: "***",
			CALLBACK_KEYS: { ids: ["k1"] },
			OUTBOUND_ALLOW_CIDRS: ["127.0.0.0/8"],
			API_PORT: 3000,
		});
		expect(describeConfig({ REDIS_URL: undefined }, ["REDIS_URL"])).toEqual({
			REDIS_URL: "not set",
		});
	});
});

describe("maskUrlPassword", () => {
	it.each([
		["postgresql://u:pw@h/db", "postgresql://u:***@h/db"],
		["postgresql://u@h/db?password=pw", "postgresql://u@h/db?password=***"],
		["postgresql:///db?host=/run", "postgresql:///db?host=/run"],
		["redis://h:6379", "redis://h:6379"],
		["redis://u:p/w@h:99999999", "redis://***@h:99999999"],
		["https://example.com/", "https://example.com/"],
		["info", "info"],
	])("turns %s into %s", (text, masked) => {
		expect(maskUrlPassword(text)).toBe(masked);
	});
});

describe("every setting", () => {
	it("says what it is for", () => {
		const descriptions = Object.entries(schema.shape).map(([name, field]) => [
			name,
			typeof field.meta()?.description,
		]);

		expect(descriptions).toEqual(
			Object.keys(schema.shape).map((name) => [name, "string"]),
		);
	});
});

describe("a time for which something is kept", () => {
	const kept = z.object({ KEPT_DAYS: settings.daysOrOff(400, "how long") });

	it.each([
		[{}, 400],
		[{ KEPT_DAYS: "7" }, 7],
		[{ KEPT_DAYS: "off" }, null],
	])("of %j is %j days, and null is for ever", (env, days) => {
		expect(loadConfig(kept, env).KEPT_DAYS).toBe(days);
	});

	it.each(["6", "0", "-1", "1.5", "1e3", "never", "100000"])(
		"is not %j: nothing may go while it can still be asked for",
		(text) => {
			expect(() => loadConfig(kept, { KEPT_DAYS: text })).toThrow(
				"must be a whole number of days from 7 to 99999, or off",
			);
		},
	);
});
