import { openRateLimits } from "@reelay/shared/limits/rate-limits";
import { openRinger, type Ringer } from "@reelay/shared/queue/rings";
import { listen } from "@reelay/shared/runtime/lifecycle";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Metrics } from "@reelay/shared/runtime/metrics";
import { checkWebhookUrl } from "@reelay/shared/runtime/outbound";
import { noRacepoint, type Racepoint } from "@reelay/shared/runtime/racepoint";
import type { Service } from "@reelay/shared/runtime/service";
import { createJobInserter } from "@reelay/shared/store/accept-together";
import { type Database, openDatabase } from "@reelay/shared/store/database";
import { ensureEventClock } from "@reelay/shared/store/event-feed";
import { createApp } from "./app.ts";
import { bootstrap } from "./bootstrap.ts";
import { type ApiConfig, apiConfigSchema, apiSecrets } from "./config.ts";
import { createPriceEstimator } from "./estimate-price.ts";
import { createKeyUse } from "./key-use.ts";
import { createStrangers } from "./middleware/strangers.ts";
import { createForecast } from "./outlook.ts";
import { createStreams } from "./stream/streams.ts";

// A read may take long; it is given up before its client is, and holds up nothing but others of its kind.
const readPoolSize = 5;
const readTimeoutMs = 5_000;

/** The process as `main.ts` runs it; a test passes a racepoint of its own. */
export function createApiService(
	racepoint: Racepoint = noRacepoint,
): Service<typeof apiConfigSchema> {
	return {
		name: "api",
		schema: apiConfigSchema,
		secrets: apiSecrets,
		async start({ config, logger, metrics, isStopping }) {
			const { database, reads, reports } = await openPools(config);
			const ringer = openCountedRinger(config, { logger, metrics });
			if (await ensureEventClock(database.db)) logger.warn("events.clockMoved");
			await bootstrapFrom(config, database.db);
			const streams = createStreams({
				reads: reads.db,
				logger,
				metrics,
				limits: {
					maxStreams: config.MAX_STREAMS,
					maxStreamsOfTenant: config.MAX_STREAMS_PER_TENANT,
				},
			});
			const forecast = createForecast(reads.db);
			const keyUse = createKeyUse({
				db: database.db,
				onFailure: (error) => logger.warn({ err: error }, "keys.useUnrecorded"),
			});
			const { rateLimits, onLimited } = await openLimits(config, {
				logger,
				metrics,
			});
			const app = createApp({
				rateLimits,
				onLimited,
				strangers: createStrangers({ logger, onLimited }),
				db: database.db,
				insertJob: createJobInserter(database.db),
				keyUse,
				reads: reads.db,
				reports: reports.db,
				streams,
				forecast,
				ringer,
				logger,
				maxSubmissions: config.MAX_SUBMISSIONS,
				onUnknown: config.ON_UNKNOWN,
				estimatePrice: createPriceEstimator(
					database.db,
					config.PRICE_POINTS_PER_SECOND,
				),
				resultHosts: config.RESULT_HOSTS,
				racepoint,
				keyring: config.ENCRYPTION_KEYS,
				checkWebhookUrl: (url) =>
					checkWebhookUrl(url, config.OUTBOUND_ALLOW_CIDRS),
				health: {
					checks: { database: database.check },
					isStopping,
					registry: metrics.registry,
				},
			});
			const server = await listen(app, {
				port: config.API_PORT,
				setting: "API_PORT",
			});
			logger.info({ url: server.url }, "api.listening");
			return {
				async stop() {
					streams.close();
					await server.close(config.STOP_GRACE_S * 1000);
					await ringer.close();
					rateLimits.close();
					await keyUse.close();
					const pools = [database, reads, reports];
					await Promise.all(pools.map((pool) => pool.close()));
				},
			};
		},
	};
}

type Told = { logger: Logger; metrics: Metrics };

/** For what accepts and changes, for short reads and streams, and for reads of a long history: none waits for another. */
async function openPools(config: ApiConfig) {
	const url = config.DATABASE_URL;
	const database = await openDatabase({
		url,
		applicationName: "reelay-api",
		poolSize: 10,
		keepsPlans: true,
	});
	const reads = await openDatabase({
		url,
		applicationName: "reelay-api-reads",
		poolSize: readPoolSize,
		statementTimeoutMs: readTimeoutMs,
	});
	const reports = await openDatabase({
		url,
		applicationName: "reelay-api-reports",
		poolSize: config.REPORT_CONNECTIONS,
		statementTimeoutMs: readTimeoutMs,
	});
	return { database, reads, reports };
}

function openCountedRinger(
	config: ApiConfig,
	{ logger, metrics }: Told,
): Ringer {
	const ringsLost = metrics.counter(
		"rings_lost_total",
		"Rings that the queue's engine did not take; a sweep rings again.",
	);
	return openRinger(
		{ redisUrl: config.REDIS_URL ?? null, databaseUrl: config.DATABASE_URL },
		(error) => {
			ringsLost.inc();
			logger.warn({ err: error }, "ring.lost");
		},
	);
}

async function bootstrapFrom(config: ApiConfig, db: Database): Promise<void> {
	const { madeSecret } = await bootstrap({
		db,
		keyring: config.ENCRYPTION_KEYS,
		apiKey: config.BOOTSTRAP_API_KEY ?? null,
		webhookSecret: config.WEBHOOK_SECRET ?? null,
	});
	if (madeSecret === null) return;
	// Not through the logger: this is shown once, to whoever started the process.
	process.stdout.write(
		`The secret that signs webhooks, shown this once: ${madeSecret}\n`,
	);
}

async function openLimits(config: ApiConfig, { logger, metrics }: Told) {
	const limited = metrics.counter(
		"rate_limited_requests_total",
		"Requests that were refused because there were too many, by the limit.",
		["limit"],
	);
	const rateLimits = await openRateLimits({
		redisUrl: config.REDIS_URL ?? null,
		writes: config.RATE_LIMIT_WRITES,
		reads: config.RATE_LIMIT_READS,
		onAway: (error) => logger.warn({ err: error }, "rateLimits.notShared"),
		onBack: () => logger.info("rateLimits.shared"),
	});
	return { rateLimits, onLimited: (limit: string) => limited.inc({ limit }) };
}
