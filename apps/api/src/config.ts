import {
	bootstrapApiKey,
	cidrs,
	databaseUrl,
	drainDelay,
	encryptionKeys,
	logLevel,
	onUnknown,
	port,
	positiveInt,
	rateOrOff,
	redisUrl,
	resultHosts,
	seconds,
	webhookSecret,
} from "@reelay/shared/runtime/settings";
import { z } from "zod";

/** Everything that the API reads from its environment. */
export const apiConfigSchema = z.object({
	DATABASE_URL: databaseUrl,
	REDIS_URL: redisUrl,
	API_PORT: port(3000, "where the API listens"),
	ENCRYPTION_KEYS: encryptionKeys,
	BOOTSTRAP_API_KEY: bootstrapApiKey,
	WEBHOOK_SECRET: webhookSecret,
	OUTBOUND_ALLOW_CIDRS: cidrs,
	MAX_SUBMISSIONS: positiveInt(
		3,
		"how many submissions a job may cost at most",
		100,
	),
	ON_UNKNOWN: onUnknown,
	PRICE_POINTS_PER_SECOND: positiveInt(
		40,
		"what a second of video is expected to cost while nobody has paid for the like",
		100_000,
	),
	MAX_STREAMS: positiveInt(
		2_000,
		"how many event streams this process has open at most",
		100_000,
	),
	MAX_STREAMS_PER_TENANT: positiveInt(
		100,
		"how many of them one tenant has open at most",
		100_000,
	),
	RATE_LIMIT_WRITES: rateOrOff(
		{ count: 600, windowS: 60 },
		"how many writes a key may make in how many seconds",
	),
	RATE_LIMIT_READS: rateOrOff(
		{ count: 3_000, windowS: 60 },
		"how many reads a key may make in how many seconds",
	),
	REPORT_CONNECTIONS: positiveInt(
		3,
		"how many lists and sums over a long history this process has read at once",
		100,
	),
	RESULT_HOSTS: resultHosts,
	STOP_GRACE_S: seconds(
		25,
		"how long a stopping process waits for what is under way",
	),
	DRAIN_DELAY_S: drainDelay,
	LOG_LEVEL: logLevel,
});
export type ApiConfig = z.infer<typeof apiConfigSchema>;

/** Shown as `***` wherever the settings are printed. */
export const apiSecrets = [
	"ENCRYPTION_KEYS",
	"BOOTSTRAP_API_KEY",
	"WEBHOOK_SECRET",
] as const;
