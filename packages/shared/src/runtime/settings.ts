import { z } from "zod";
import { unknownPolicies } from "../domain/job.ts";
import { parseResultHosts } from "../domain/result-url.ts";
import { minRetentionDays } from "../domain/retention.ts";
import {
	minCallbackKeyBytes,
	minSealingKeyBytes,
	parseKeyring,
} from "../signing/keyring.ts";
import { isWebhookSecret } from "../signing/standard-webhooks.ts";
import { parseCidrs } from "./address.ts";
import type { SettingMeta } from "./config.ts";

/** How often something may happen: `count` times in any `windowS` seconds. */
export type Rate = { count: number; windowS: number };

// A parser's Error becomes the setting's mistake, so that each rule and its
// sentence live where the value is used.
function parsedBy<Value>(parse: (text: string) => Value) {
	return z.string().transform((text, context) => {
		try {
			return parse(text);
		} catch (error) {
			context.addIssue({
				code: "custom",
				input: text,
				message: error instanceof Error ? error.message : "is not right",
			});
			return z.NEVER;
		}
	});
}

function wholeNumber(min: number, max: number) {
	return parsedBy((text) => {
		const value = Number(text);
		if (!/^\d{1,15}$/.test(text) || value < min || value > max) {
			throw new Error(`must be a whole number from ${min} to ${max}`);
		}
		return value;
	});
}

function urlOf(protocols: readonly string[], text: string): URL {
	const url = URL.canParse(text) ? new URL(text) : null;
	if (url === null || !protocols.includes(url.protocol)) {
		const starts = protocols.map((protocol) => `${protocol}//`).join(" or ");
		throw new Error(`must be a URL that starts with ${starts}`);
	}
	return url;
}

function parseBaseUrl(text: string): string {
	const url = urlOf(["https:", "http:"], text);
	if (url.username !== "" || url.password !== "") {
		throw new Error("must not hold a user name or password");
	}
	if (url.search !== "" || url.hash !== "") {
		throw new Error("must end with its path, without ? or #");
	}
	// Paths are appended to it with a slash of their own.
	return (url.origin + url.pathname).replace(/\/+$/, "");
}

function setting<Schema extends z.ZodType>(schema: Schema, meta: SettingMeta) {
	return schema.meta(meta);
}

/** DATABASE_URL: its password is masked wherever the URL is shown. */
export const databaseUrl = setting(
	parsedBy((text) => {
		urlOf(["postgresql:", "postgres:"], text);
		return text;
	}),
	{
		description: "the Postgres that holds every job",
		example: "postgresql://reelay:password@localhost:5432/reelay",
	},
);

/** REDIS_URL: absent means that Postgres rings. */
export const redisUrl = setting(
	parsedBy((text) => {
		urlOf(["redis:", "rediss:"], text);
		return text;
	}).optional(),
	{
		description: "the Redis that rings; if absent, Postgres rings",
		example: "redis://localhost:6379",
	},
);

/** SEE2AI_API_KEY, which the worker cannot do without; a simulator takes any. */
export const see2aiApiKey = setting(z.string(), {
	description: "the tenant's key for SEE2AI",
	isSecret: true,
});

/** SEE2AI_BASE_URL, without a slash at its end. */
export const see2aiBaseUrl = setting(
	parsedBy(parseBaseUrl).default("https://see2ai.com"),
	{ description: "where SEE2AI is reached", example: "https://see2ai.com" },
);

/** CALLBACK_BASE_URL, without a slash at its end. */
export const callbackBaseUrl = setting(parsedBy(parseBaseUrl), {
	description: "where the provider reaches our callback receiver",
	example: "https://callbacks.example.com",
});

/** CALLBACK_KEYS: signs callback tokens; the first key signs. */
export const callbackKeys = setting(
	parsedBy((text) => parseKeyring(text, minCallbackKeyBytes)),
	{
		description: "the keys that sign callback URLs; the first one signs",
		example: "k1:<openssl rand -base64 32>",
		isSecret: true,
	},
);

/** ENCRYPTION_KEYS: seals endpoint secrets at rest; the first key seals. */
export const encryptionKeys = setting(
	parsedBy((text) => parseKeyring(text, minSealingKeyBytes)),
	{
		description: "the keys that seal stored secrets; the first one seals",
		example: "k1:<openssl rand -base64 32>",
		isSecret: true,
	},
);

/** BOOTSTRAP_API_KEY: created at start, with all scopes, if it is missing. */
export const bootstrapApiKey = setting(
	parsedBy((text) => {
		// It travels in a header, which carries visible ASCII alone.
		if (!/^[\x21-\x7e]{24,}$/.test(text)) {
			throw new Error("must have 24 characters or more, without spaces");
		}
		return text;
	}).optional(),
	{
		description: "an API key that exists from the start",
		example: "any string of 24 characters or more",
		isSecret: true,
	},
);

/** WEBHOOK_SECRET: signs the first tenant's per-job webhooks. */
export const webhookSecret = setting(
	parsedBy((text) => {
		if (!isWebhookSecret(text)) {
			throw new Error("must be whsec_ and the base64 of 24 to 64 bytes");
		}
		return text;
	}).optional(),
	{
		description: "signs per-job webhooks; made and shown once if absent",
		example: "whsec_<openssl rand -base64 32>",
		isSecret: true,
	},
);

/** OUTBOUND_ALLOW_CIDRS: the private ranges that deliveries may reach. */
export const cidrs = setting(parsedBy(parseCidrs).default([]), {
	description: "private address ranges that webhooks may reach; default none",
	example: "10.20.0.0/16,127.0.0.0/8",
});

/** RESULT_HOSTS: where results may lead to; absent is anywhere over https. */
export const resultHosts = setting(parsedBy(parseResultHosts).default(null), {
	description: "the hosts that result URLs may lead to; default any, by https",
	example: "cdn.example.com,*.example.com",
});

/** DATA_DIR: where the embedded Postgres and the spool lie. */
export const dataDir = setting(z.string().default(".reelay"), {
	description: "the folder of the embedded Postgres and the spool",
	example: ".reelay",
});

/** LOG_LEVEL: the least important lines that are written. */
export const logLevel = setting(
	z
		.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"], {
			error: "must be fatal, error, warn, info, debug, trace or silent",
		})
		.default("info"),
	{ description: "the least important log lines to write", example: "info" },
);

/** ON_UNKNOWN: the policy of jobs that name none. */
export const onUnknown = setting(
	z
		.enum(unknownPolicies, {
			error: `must be ${unknownPolicies.join(", ")}`,
		})
		.default("hold"),
	{
		description: "what to do when an outcome stays unknown",
		example: "hold",
	},
);

/** A port to listen on; 0 lets the system choose one. */
export function port(defaultPort: number, description: string) {
	return setting(wholeNumber(0, 65_535).default(defaultPort), {
		description,
		example: String(defaultPort),
	});
}

/** A duration in whole seconds, at most a week. */
export function seconds(defaultSeconds: number, description: string) {
	return setting(wholeNumber(1, 604_800).default(defaultSeconds), {
		description,
		example: String(defaultSeconds),
	});
}

/** How long a stopping server still serves while it already says that it is not ready. */
export const drainDelay = setting(wholeNumber(0, 600).default(0), {
	description: "how long a stopping process serves on while it is not ready",
	example: "5",
});

/** A count from one to `max`. */
export function positiveInt(
	defaultCount: number,
	description: string,
	max = 1_000_000,
) {
	return setting(wholeNumber(1, max).default(defaultCount), {
		description,
		example: String(defaultCount),
	});
}

/** For how many days something is kept, or `off` for ever, which is read as null. */
export function daysOrOff(defaultDays: number, description: string) {
	const parse = (text: string) => {
		if (text === "off") return null;
		const days = Number(text);
		if (!/^\d{1,5}$/.test(text) || days < minRetentionDays) {
			throw new Error(
				`must be a whole number of days from ${minRetentionDays} to 99999, or off`,
			);
		}
		return days;
	};
	return setting(parsedBy(parse).default(defaultDays), {
		description,
		example: `${defaultDays}, or off`,
	});
}

/** A rate written as count/seconds, such as PROVIDER_RATE's 20/10. */
export function rate(defaultRate: Rate, description: string) {
	return setting(parsedBy(parseRate).default(defaultRate), {
		description,
		example: `${defaultRate.count}/${defaultRate.windowS}`,
	});
}

/** The same, or `off` for no limit, which is read as null. */
export function rateOrOff(defaultRate: Rate, description: string) {
	const parse = (text: string) => (text === "off" ? null : parseRate(text));
	return setting(parsedBy(parse).default(defaultRate), {
		description,
		example: `${defaultRate.count}/${defaultRate.windowS}, or off`,
	});
}

function parseRate(text: string): Rate {
	const [, count, windowS] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
	if (!Number(count) || !Number(windowS)) {
		throw new Error("must be count/seconds, both whole and above zero");
	}
	return { count: Number(count), windowS: Number(windowS) };
}
