import { randomUUID } from "node:crypto";
import { openRingConsumer } from "@reelay/shared/queue/consumer";
import { openRinger } from "@reelay/shared/queue/rings";
import { systemClock } from "@reelay/shared/runtime/clock";
import { postOnce } from "@reelay/shared/runtime/http-post";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Metrics } from "@reelay/shared/runtime/metrics";
import { createOutboundAgent } from "@reelay/shared/runtime/outbound";
import { signCallbackToken } from "@reelay/shared/signing/capability";
import { claimNextSubmission } from "@reelay/shared/store/claim";
import type { Database } from "@reelay/shared/store/database";
import {
	claimDueDeliveries,
	recordAttempt,
} from "@reelay/shared/store/deliveries";
import {
	ensureGovernor,
	findGovernorStatus,
} from "@reelay/shared/store/governor";
import { doubtSubmission } from "@reelay/shared/store/submissions";
import type { WorkerConfig } from "./config.ts";
import { deliverEvent } from "./deliver/deliver-event.ts";
import { createDeliverer } from "./deliver/deliverer.ts";
import { createSecretCache } from "./deliver/secret-cache.ts";
import { createProviderClient } from "./submit/provider-client.ts";
import { submitJob } from "./submit/submit-job.ts";
import { createSubmitter } from "./submit/submitter.ts";
import { startSweeps } from "./sweep/every.ts";
import { createSweeps } from "./sweep/sweeps.ts";
import { createWorkerMetrics } from "./worker-metrics.ts";

export type WorkerDeps = {
	config: WorkerConfig;
	db: Database;
	logger: Logger;
	metrics: Metrics;
};

export type Worker = {
	/** For readiness: why nothing is being submitted, or null. */
	checkProvider(): Promise<string | null>;
	stop(): Promise<void>;
};

/**
 * Wires and starts everything that a worker does: it hears rings, submits, delivers and sweeps. `stop` first stops
 * taking work, then waits for the provider's answers up to the grace, and leaves what is still open to `unknown`.
 */
export async function startWorker({
	config,
	db,
	logger,
	metrics,
}: WorkerDeps): Promise<Worker> {
	const workerId = `worker-${randomUUID()}`;
	const counted = createWorkerMetrics(metrics);
	const bell = {
		redisUrl: config.REDIS_URL ?? null,
		databaseUrl: config.DATABASE_URL,
	};
	// Two POSTs may travel at different speeds: the half second keeps the provider's own window from seeing one too many.
	const rateWindowMs = config.PROVIDER_RATE.windowS * 1000 + 500;
	await ensureGovernor(db, {
		rateCount: config.PROVIDER_RATE.count,
		rateWindowMs,
		concurrency: config.PROVIDER_CONCURRENCY,
	});
	const ringer = openRinger(bell, (error) => {
		counted.ringsLost.inc();
		logger.warn({ err: error }, "ring.lost");
	});

	const provider = createProviderClient({
		baseUrl: config.SEE2AI_BASE_URL,
		apiKey: config.SEE2AI_API_KEY,
		timeoutMs: config.SUBMIT_TIMEOUT_S * 1000,
	});
	const submitter = createSubmitter({
		claim: () => claimNextSubmission(db, workerId),
		governorStatus: () => findGovernorStatus(db),
		submit: (submission) =>
			submitJob(
				{
					db,
					provider,
					clock: systemClock,
					random: Math.random,
					logger,
					callbackUrl: (id) =>
						`${config.CALLBACK_BASE_URL}/callbacks/see2ai/${signCallbackToken(id, config.CALLBACK_KEYS)}`,
				},
				submission,
			),
		giveUp: (submission) =>
			doubtSubmission(db, {
				submissionId: submission.id,
				reason: "the worker stopped before the provider answered",
				httpStatus: null,
			}),
		onRecorded: (recorded) => {
			counted.submissions.inc({ job_state: recorded.jobState ?? "none" });
			if (recorded.deliveries > 0) deliverer.wake();
		},
		logger,
		maxInFlight: config.SUBMIT_CONCURRENCY,
	});

	const outbound = createOutboundAgent({
		allowCidrs: config.OUTBOUND_ALLOW_CIDRS,
		onAllowedPrivate: (use) => logger.info(use, "outbound.allowedPrivate"),
	});
	const secrets = createSecretCache(db, config.ENCRYPTION_KEYS);
	const deliverer = createDeliverer({
		claim: (limit) => claimDueDeliveries(db, workerId, limit),
		deliver: (delivery) =>
			deliverEvent(
				{
					workerId,
					secrets,
					record: (attempt) => {
						counted.attempts.inc({ outcome: attempt.outcome });
						return recordAttempt(db, attempt);
					},
					post: (request) =>
						postOnce({
							...request,
							dispatcher: outbound,
							timeoutMs: 15_000,
							maxResponseBytes: 64 * 1024,
							keepBytes: 4 * 1024,
						}),
					clock: systemClock,
					random: Math.random,
					logger,
				},
				delivery,
			),
		logger,
		maxInFlight: config.DELIVER_CONCURRENCY,
	});

	counted.watch(db, {
		submissions: submitter.inFlight,
		attempts: deliverer.inFlight,
	});
	const sweeps = startSweeps(
		createSweeps({
			db,
			workerId,
			ringer,
			wakeSubmitter: submitter.wake,
			wakeDeliverer: deliverer.wake,
		}),
		{
			logger,
			onPass: (sweep, repaired) => counted.sweepRows.inc({ sweep }, repaired),
		},
	);
	const consumer = openRingConsumer(bell, {
		onRing: (ring) =>
			ring.kind === "submit" ? submitter.wake() : deliverer.wake(),
		onError: (error) => logger.warn({ err: error }, "bell.failed"),
	});
	submitter.wake();
	deliverer.wake();

	return {
		async checkProvider() {
			const status = await findGovernorStatus(db);
			if (!status?.closed_reason) return null;
			return `the provider refuses us (${status.closed_reason}): ${status.closed_detail}`;
		},
		async stop() {
			await consumer.close();
			// Leases are renewed until the last answer is in, so the sweeps stop after the submitter.
			await Promise.all([
				submitter.stop(config.STOP_GRACE_S * 1000),
				deliverer.stop(),
			]);
			await sweeps.stop();
			await ringer.close();
			await provider.close();
			await outbound.destroy();
		},
	};
}
