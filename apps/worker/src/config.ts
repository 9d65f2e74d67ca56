import {
	callbackBaseUrl,
	callbackKeys,
	cidrs,
	databaseUrl,
	daysOrOff,
	encryptionKeys,
	logLevel,
	port,
	positiveInt,
	rate,
	redisUrl,
	resultHosts,
	seconds,
	see2aiApiKey,
	see2aiBaseUrl,
} from "@reelay/shared/runtime/settings";
import { z } from "zod";

/** Everything that the worker reads from its environment. */
export const workerConfigSchema = z.object({
	DATABASE_URL: databaseUrl,
	REDIS_URL: redisUrl,
	SEE2AI_API_KEY: see2aiApiKey,
	SEE2AI_BASE_URL: see2aiBaseUrl,
	CALLBACK_BASE_URL: callbackBaseUrl,
	CALLBACK_KEYS: callbackKeys,
	RESULT_HOSTS: resultHosts,
	ENCRYPTION_KEYS: encryptionKeys,
	WORKER_PORT: port(3002, "where the worker serves its health and metrics"),
	OUTBOUND_ALLOW_CIDRS: cidrs,
	SUBMIT_TIMEOUT_S: seconds(
		600,
		"how long a submission may wait for the provider's answer",
	),
	SUBMIT_CONCURRENCY: positiveInt(
		250,
		"how many submissions one worker waits for at once",
	),
	DELIVER_CONCURRENCY: positiveInt(
		50,
		"how many deliveries one worker makes at once",
	),
	STOP_GRACE_S: seconds(
		25,
		"how long a stopping process waits for what is under way",
	),
	PROVIDER_RATE: rate(
		{ count: 20, windowS: 10 },
		"how many submissions in how many seconds",
	),
	LONG_TRANSACTION_S: seconds(
		60,
		"how long a transaction may be open before the worker warns of it",
	),
	PROVIDER_CONCURRENCY: positiveInt(100, "how many renders may run at once"),
	RETENTION_JOBS_DAYS: daysOrOff(
		400,
		"how many days jobs that ended are kept, with all that belongs to them",
	),
	RETENTION_EVENTS_DAYS: daysOrOff(
		90,
		"how many days events are kept, with their deliveries and attempts",
	),
	RETENTION_AUDIT_DAYS: daysOrOff(
		1_100,
		"how many days the audit log is kept, and keys that ended",
	),
	LOG_LEVEL: logLevel,
});
export type WorkerConfig = z.infer<typeof workerConfigSchema>;

/** Shown as `***` wherever the settings are printed. */
export const workerSecrets = [
	"SEE2AI_API_KEY",
	"CALLBACK_KEYS",
	"ENCRYPTION_KEYS",
] as const;
