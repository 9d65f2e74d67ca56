import { join } from "node:path";
import { openRinger } from "@reelay/shared/queue/rings";
import { createChargeMetrics } from "@reelay/shared/runtime/charge-metrics";
import { listen } from "@reelay/shared/runtime/lifecycle";
import { noRacepoint, type Racepoint } from "@reelay/shared/runtime/racepoint";
import type { Service } from "@reelay/shared/runtime/service";
import { openDatabase } from "@reelay/shared/store/database";
import { createSettler } from "@reelay/shared/store/settle-together";
import { createApp } from "./app.ts";
import { startDraining } from "./callbacks/drain-spool.ts";
import { checkStorage } from "./check-storage.ts";
import { receiverConfigSchema, receiverSecrets } from "./config.ts";
import { see2ai } from "./providers/see2ai.ts";
import { openSpool } from "./spool.ts";

// The provider waits 15 s for its answer; what Postgres has not committed by then goes to disk.
const commitTimeoutMs = 5_000;

const drainEveryMs = 2_000;

/** The process as `main.ts` runs it; a test passes a racepoint of its own. */
export function createReceiverService(
	racepoint: Racepoint = noRacepoint,
): Service<typeof receiverConfigSchema> {
	return {
		name: "webhook",
		schema: receiverConfigSchema,
		secrets: receiverSecrets,
		async start({ config, logger, metrics, isStopping }) {
			const database = await openDatabase({
				url: config.DATABASE_URL,
				applicationName: "reelay-webhook",
				poolSize: 10,
				keepsPlans: true,
				// Callbacks are spooled until Postgres comes.
				mayBeAway: true,
			});
			const ringer = openRinger(
				{
					redisUrl: config.REDIS_URL ?? null,
					databaseUrl: config.DATABASE_URL,
				},
				(error) => logger.warn({ err: error }, "ring.lost"),
			);
			const received = metrics.counter(
				"callbacks_total",
				"Verified callbacks, by what they said and what came of it.",
				["kind", "outcome"],
			);
			const spool = await openSpool(join(config.DATA_DIR, "spool"));
			const providers = [see2ai(config.CALLBACK_KEYS, config.RESULT_HOSTS)];
			const receiving = {
				db: database.db,
				settler: createSettler(database.db),
				ringer,
				logger,
				onReceived: (kind: string, outcome: string) =>
					received.inc({ kind, outcome }),
				onCharged: createChargeMetrics(metrics),
				spool,
				providers,
				racepoint,
			};
			metrics.watch("spool_depth", "Callbacks on disk, not yet in Postgres.", {
				label: "spool",
				read: async () => ({ callbacks: await spool.depth() }),
			});
			metrics.watch(
				"spool_set_aside",
				"Files on disk that no drain takes up, by why.",
				{ label: "why", read: () => spool.countAside() },
			);
			const draining = startDraining(receiving, drainEveryMs);
			const app = createApp({
				...receiving,
				commitTimeoutMs,
				health: {
					checks: { storage: checkStorage(spool, database) },
					notes: { database: database.check },
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
					await draining.stop();
					await ringer.close();
					await database.close();
				},
			};
		},
	};
}
