import { openRinger } from "@reelay/shared/queue/rings";
import { listen } from "@reelay/shared/runtime/lifecycle";
import { runService } from "@reelay/shared/runtime/service";
import { openDatabase } from "@reelay/shared/store/database";
import { createApp } from "./app.ts";
import { receiverConfigSchema, receiverSecrets } from "./config.ts";
import { see2ai } from "./providers/see2ai.ts";

await runService(process.env, {
	name: "webhook",
	schema: receiverConfigSchema,
	secrets: receiverSecrets,
	async start({ config, logger, metrics, isStopping }) {
		const database = await openDatabase({
			url: config.DATABASE_URL,
			applicationName: "reelay-webhook",
			poolSize: 10,
		});
		const ringer = openRinger(
			{ redisUrl: config.REDIS_URL ?? null, databaseUrl: config.DATABASE_URL },
			(error) => logger.warn({ err: error }, "ring.lost"),
		);
		const received = metrics.counter(
			"callbacks_total",
			"Verified callbacks, by what they said and what came of it.",
			["kind", "outcome"],
		);
		const app = createApp({
			db: database.db,
			ringer,
			logger,
			onReceived: (kind, outcome) => received.inc({ kind, outcome }),
			providers: [see2ai(config.CALLBACK_KEYS)],
			health: {
				checks: { database: database.check },
				isStopping,
				registry: metrics.registry,
			},
		});
		const server = await listen(app, {
			port: config.WEBHOOK_PORT,
			setting: "WEBHOOK_PORT",
		});
		logger.info({ url: server.url }, "webhook.listening");
		return {
			async stop() {
				await server.close(config.STOP_GRACE_S * 1000);
				await ringer.close();
				await database.close();
			},
		};
	},
});
