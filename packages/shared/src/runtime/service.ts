import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import { ConfigError, describeConfig, loadConfig } from "./config.ts";
import { runProcess } from "./lifecycle.ts";
import { createLogger, type Logger } from "./logger.ts";
import { createMetrics, type Metrics } from "./metrics.ts";

/** What every process is given to start with. */
export type ServiceContext<Config> = {
	config: Config;
	logger: Logger;
	metrics: Metrics;
	/** True from the first signal on: readiness turns before anything is closed. */
	isStopping: () => boolean;
};

export type Service<Schema extends z.ZodObject> = {
	name: string;
	schema: Schema;
	/** The settings that are never shown. */
	secrets: readonly string[];
	start(
		context: ServiceContext<z.output<Schema>>,
	): Promise<{ stop(): Promise<void> }>;
};

// What a stop may take beyond its grace: closing pools, and the last lines of the log.
const closingMs = 5_000;

/**
 * Runs one of the processes: reads its settings (and, where they are wrong, prints every mistake and exits with 1),
 * says what it uses, starts it, and stops it once on a signal: readiness turns at once, and what serves requests goes on
 * serving for `DRAIN_DELAY_S`. Called by each `main.ts` with its environment.
 */
export async function runService<
	Schema extends z.ZodObject<{ LOG_LEVEL: z.ZodType; STOP_GRACE_S: z.ZodType }>,
>(
	env: Record<string, string | undefined>,
	service: Service<Schema>,
): Promise<void> {
	const config = loadOrExit(service.schema, env);
	const {
		LOG_LEVEL,
		STOP_GRACE_S,
		DRAIN_DELAY_S = 0,
	} = config as {
		LOG_LEVEL: string;
		STOP_GRACE_S: number;
		DRAIN_DELAY_S?: number;
	};
	const logger = createLogger({ name: service.name, level: LOG_LEVEL });
	const settings = describeConfig(config, service.secrets);
	logger.info({ settings }, "process.configured");
	let stopping = false;
	await runProcess({
		name: service.name,
		logger,
		graceMs: (DRAIN_DELAY_S + STOP_GRACE_S) * 1000 + closingMs,
		async start() {
			const running = await service.start({
				config,
				logger,
				metrics: createMetrics(service.name),
				isStopping: () => stopping,
			});
			return {
				async stop() {
					stopping = true;
					// A balancer sends requests until it has seen that this process is not ready.
					await delay(DRAIN_DELAY_S * 1000);
					await running.stop();
				},
			};
		},
	});
}

function loadOrExit<Schema extends z.ZodObject>(
	schema: Schema,
	env: Record<string, string | undefined>,
): z.output<Schema> {
	try {
		return loadConfig(schema, env);
	} catch (error) {
		if (!(error instanceof ConfigError)) throw error;
		process.stderr.write(`${error.message}\n`);
		process.exit(1);
	}
}
