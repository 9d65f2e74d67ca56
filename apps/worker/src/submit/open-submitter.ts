import { systemClock } from "@reelay/shared/runtime/clock";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Racepoint } from "@reelay/shared/runtime/racepoint";
import { signCallbackToken } from "@reelay/shared/signing/capability";
import { claimSubmissions } from "@reelay/shared/store/claim";
import type { Database } from "@reelay/shared/store/database";
import {
	ensureGovernor,
	findGovernorStatus,
} from "@reelay/shared/store/governor";
import { createSettler } from "@reelay/shared/store/settle-together";
import { doubtSubmission } from "@reelay/shared/store/submissions";
import { createClaimNames } from "../claim-names.ts";
import type { WorkerConfig } from "../config.ts";
import { createProviderClient } from "./provider-client.ts";
import type { Recorded } from "./record-outcome.ts";
import { returnUnheard } from "./return-unheard.ts";
import { submitJob } from "./submit-job.ts";
import { createSubmitter, type Submitter } from "./submitter.ts";

export type OpenSubmitterDeps = {
	config: WorkerConfig;
	workerId: string;
	db: Database;
	logger: Logger;
	onRecorded: (recorded: Recorded) => void;
	/** Nothing in production; where a test stops the process. */
	racepoint?: Racepoint | undefined;
};

// Two POSTs travel at different speeds: the margin keeps the provider's own window from seeing one too many.
const rateMarginMs = 500;

/** Wires the submitting half of a worker: the limits in the database, the provider's client, and the claiming loop. */
export async function openSubmitter(
	deps: OpenSubmitterDeps,
): Promise<Submitter> {
	const { config, db, logger, workerId } = deps;
	await ensureGovernor(db, {
		rateCount: config.PROVIDER_RATE.count,
		rateWindowMs: config.PROVIDER_RATE.windowS * 1000 + rateMarginMs,
		concurrency: config.PROVIDER_CONCURRENCY,
	});
	const provider = createProviderClient({
		baseUrl: config.SEE2AI_BASE_URL,
		apiKey: config.SEE2AI_API_KEY,
		timeoutMs: config.SUBMIT_TIMEOUT_S * 1000,
	});
	const callbackUrl = (submissionId: string) =>
		`${config.CALLBACK_BASE_URL}/callbacks/see2ai/${signCallbackToken(submissionId, config.CALLBACK_KEYS)}`;
	const claims = createClaimNames({
		workerId,
		giveBack: (owners) => returnUnheard(db, owners),
		clock: systemClock,
		logger,
	});
	const settler = createSettler(db);
	const submitter = createSubmitter({
		async claim(count, since) {
			await deps.racepoint?.("submit.beforeClaim");
			return claims.claim((owner) => claimSubmissions(db, owner, count, since));
		},
		governorStatus: () => findGovernorStatus(db),
		submit: (submission) =>
			submitJob(
				{
					db,
					settler,
					provider,
					callbackUrl,
					resultHosts: config.RESULT_HOSTS,
					clock: systemClock,
					random: Math.random,
					logger,
					racepoint: deps.racepoint,
				},
				submission,
			),
		giveUp: (submission) =>
			doubtSubmission(db, {
				submissionId: submission.id,
				reason: "the worker stopped before the provider answered",
				httpStatus: null,
			}),
		onRecorded: deps.onRecorded,
		clock: systemClock,
		logger,
		maxInFlight: config.SUBMIT_CONCURRENCY,
	});
	return {
		...submitter,
		async stop(graceMs) {
			await submitter.stop(graceMs);
			// If this fails too, the leases run out.
			await claims.giveBackUnheard().catch(() => {});
			await provider.close();
		},
	};
}
