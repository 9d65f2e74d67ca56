import { randomUUID } from "node:crypto";
import type { LookupFunction } from "node:net";
import { dayS, type Retention } from "@reelay/shared/domain/retention";
import { openRingConsumer } from "@reelay/shared/queue/consumer";
import { openRinger } from "@reelay/shared/queue/rings";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Metrics } from "@reelay/shared/runtime/metrics";
import type { Racepoint } from "@reelay/shared/runtime/racepoint";
import type { Database } from "@reelay/shared/store/database";
import { ensureEventClock } from "@reelay/shared/store/event-feed";
import { findGovernorStatus } from "@reelay/shared/store/governor";
import type { WorkerConfig } from "./config.ts";
import { openDeliverer } from "./deliver/open-deliverer.ts";
import { openSubmitter } from "./submit/open-submitter.ts";
import { startSweeps } from "./sweep/every.ts";
import { createGovernorWatch } from "./sweep/governor-watch.ts";
import { createSweeps } from "./sweep/sweeps.ts";
import { watchTransactions } from "./watch-transactions.ts";
import { createWorkerMetrics } from "./worker-metrics.ts";

export type WorkerDeps = {
	config: WorkerConfig;
	db: Database;
	/** Where the metrics count rows, so that nothing else waits for them. */
	reports: Database;
	logger: Logger;
	metrics: Metrics;
	/** Nothing in production; where a test stops the process. */
	racepoint?: Racepoint | undefined;
	/** Resolves the names in webhooks' URLs; the system's own in production. */
	lookup?: LookupFunction | undefined;
};

export type Worker = {
	/** Why nothing is being submitted, or null. */
	checkProvider(): Promise<string | null>;
	stop(): Promise<void>;
};

/**
 * Starts everything that a worker does: it hears rings, submits, delivers and sweeps. `stop` first stops taking work,
 * then waits for the provider's answers up to the grace, and leaves what is still open to `unknown`.
 */
export async function startWorker(deps: WorkerDeps): Promise<Worker> {
	const { config, db, logger, racepoint } = deps;
	if (await ensureEventClock(db)) logger.warn("events.clockMoved");
	const workerId = `worker-${randomUUID()}`;
	const counted = createWorkerMetrics(deps.metrics);
	const deliverer = openDeliverer({
		config,
		workerId,
		db,
		logger,
		racepoint,
		lookup: deps.lookup,
		onAttempt: (outcome) => counted.attempts.inc({ outcome }),
	});
	const submitter = await openSubmitter({
		config,
		workerId,
		db,
		logger,
		racepoint,
		onRecorded: ({ won, jobState, deliveries, points }) => {
			counted.submissions.inc({ job_state: jobState ?? "none" });
			if (points !== undefined) counted.charged(points);
			// Whoever was faster has committed just now, and what is due by it is found before it is rung for.
			if (deliveries > 0 || !won) deliverer.wake();
		},
	});
	counted.watch(deps.reports, {
		submissions: submitter.inFlight,
		attempts: deliverer.inFlight,
	});
	const bell = startBell(deps, counted, { submitter, deliverer });
	const sweeps = startSweeps(
		createSweeps({
			db,
			heldSubmissions: submitter.held,
			ringer: bell.ringer,
			racepoint,
			wakeSubmitter: submitter.wake,
			wakeDeliverer: deliverer.wake,
			logger,
			retention: retentionIn(config),
			onPruned: (table, rows) => counted.prunedRows.inc({ table }, rows),
		}),
		{
			logger,
			onPass: (sweep, rows) => counted.sweepRows.inc({ sweep }, rows),
		},
	);
	// Every worker looks, so that each log tells what another worker's answer has closed or opened.
	const watch = startSweeps(
		[
			createGovernorWatch(db, logger),
			watchTransactions({ db, logger, longS: config.LONG_TRANSACTION_S }),
		],
		{ logger, onPass: () => {} },
	);
	submitter.wake();
	deliverer.wake();
	return {
		async checkProvider() {
			const status = await findGovernorStatus(db);
			if (!status?.closed_reason) return null;
			return `the provider refuses us (${status.closed_reason}): ${status.closed_detail}`;
		},
		async stop() {
			// Leases are renewed until the last answer is in, so the sweeps stop after the submitter. A bell in trouble is
			// slow to close, and the grace of what is under way does not wait for it.
			await Promise.all([
				bell.stopHearing(),
				submitter.stop(config.STOP_GRACE_S * 1000),
				deliverer.stop(),
			]);
			await Promise.all([sweeps.stop(), watch.stop()]);
			await bell.ringer.close();
		},
	};
}

function retentionIn(config: WorkerConfig): Retention {
	const seconds = (days: number | null) => (days === null ? null : days * dayS);
	return {
		jobsS: seconds(config.RETENTION_JOBS_DAYS),
		eventsS: seconds(config.RETENTION_EVENTS_DAYS),
		auditS: seconds(config.RETENTION_AUDIT_DAYS),
	};
}

type Wakeable = { wake(): void };

function startBell(
	{ config, logger }: WorkerDeps,
	counted: ReturnType<typeof createWorkerMetrics>,
	wakes: { submitter: Wakeable; deliverer: Wakeable },
) {
	const settings = {
		redisUrl: config.REDIS_URL ?? null,
		databaseUrl: config.DATABASE_URL,
	};
	const ringer = openRinger(settings, (error) => {
		counted.ringsLost.inc();
		logger.warn({ err: error }, "ring.lost");
	});
	const consumer = openRingConsumer(settings, {
		onRing: ({ kind }) =>
			kind === "submit" ? wakes.submitter.wake() : wakes.deliverer.wake(),
		onError: (error) => logger.warn({ err: error }, "bell.failed"),
		onWarning: (warning) => logger.warn({ warning }, "bell.misconfigured"),
	});
	return { ringer, stopHearing: consumer.close };
}
