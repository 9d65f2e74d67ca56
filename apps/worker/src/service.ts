import type { LookupFunction } from "node:net";
import { healthRoutes } from "@reelay/shared/runtime/health";
import { listen } from "@reelay/shared/runtime/lifecycle";
import { noRacepoint, type Racepoint } from "@reelay/shared/runtime/racepoint";
import type { Service } from "@reelay/shared/runtime/service";
import { openDatabase } from "@reelay/shared/store/database";
import express from "express";
import { workerConfigSchema, workerSecrets } from "./config.ts";
import { startWorker } from "./worker.ts";

// What counts rows for the metrics must not take connections from what claims, records and renews.
const reportTimeoutMs = 5_000;

/** The process as `main.ts` runs it; a test passes a racepoint, and a resolver of webhooks' names, of its own. */
export function createWorkerService(
	racepoint: Racepoint = noRacepoint,
	lookup?: LookupFunction,
): Service<typeof workerConfigSchema> {
	return {
		name: "worker",
		schema: workerConfigSchema,
		secrets: workerSecrets,
		async start({ config, logger, metrics, isStopping }) {
			const database = await openDatabase({
				url: config.DATABASE_URL,
				applicationName: "reelay-worker",
				poolSize: 16,
				keepsPlans: true,
			});
			const reports = await openDatabase({
				url: config.DATABASE_URL,
				applicationName: "reelay-worker-reports",
				poolSize: 1,
				statementTimeoutMs: reportTimeoutMs,
			});
			const worker = await startWorker({
				config,
				db: database.db,
				reports: reports.db,
				logger,
				metrics,
				racepoint,
				lookup,
			});
			const app = express();
			app.disable("x-powered-by");
			app.use(
				healthRoutes({
					checks: { database: database.check },
					notes: { provider: worker.checkProvider },
					isStopping,
					registry: metrics.registry,
				}),
			);
			const server = await listen(app, {
				port: config.WORKER_PORT,
				setting: "WORKER_PORT",
			});
			logger.info({ url: server.url }, "worker.listening");
			return {
				async stop() {
					// The health routes answer until the last submission is written down.
					await worker.stop();
					await server.close(1_000);
					await Promise.all([database.close(), reports.close()]);
				},
			};
		},
	};
}
