import {
	callbackKeys,
	databaseUrl,
	dataDir,
	drainDelay,
	logLevel,
	port,
	redisUrl,
	resultHosts,
	seconds,
} from "@reelay/shared/runtime/settings";
import { z } from "zod";

/** Everything that the receiver reads from its environment. */
export const receiverConfigSchema = z.object({
	DATABASE_URL: databaseUrl,
	REDIS_URL: redisUrl,
	WEBHOOK_PORT: port(3001, "where the callback receiver listens"),
	CALLBACK_KEYS: callbackKeys,
	RESULT_HOSTS: resultHosts,
	DATA_DIR: dataDir,
	STOP_GRACE_S: seconds(
		25,
		"how long a stopping process waits for what is under way",
	),
	DRAIN_DELAY_S: drainDelay,
	LOG_LEVEL: logLevel,
});
export type ReceiverConfig = z.infer<typeof receiverConfigSchema>;

/** Shown as `***` wherever the settings are printed. */
export const receiverSecrets = ["CALLBACK_KEYS"] as const;
