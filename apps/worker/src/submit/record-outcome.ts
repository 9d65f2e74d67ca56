import { probeIntervalS } from "@reelay/shared/domain/deadline";
import {
	chargeForFailure,
	failedRender,
	refusedRequest,
} from "@reelay/shared/domain/failure";
import type { Outcome } from "@reelay/shared/domain/outcome";
import type { ProviderError } from "@reelay/shared/domain/provider-answer";
import { decideRequeueDelayMs } from "@reelay/shared/domain/retry";
import type { ClaimedSubmission } from "@reelay/shared/store/claim";
import type { Database } from "@reelay/shared/store/database";
import {
	blockGovernor,
	closeGovernor,
	reopenGovernor,
} from "@reelay/shared/store/governor";
import { type Settlement, settleSubmission } from "@reelay/shared/store/settle";
import type { Settler } from "@reelay/shared/store/settle-together";
import {
	acceptSubmission,
	doubtSubmission,
	rejectSubmission,
} from "@reelay/shared/store/submissions";

/**
 * What was written, in one word for the log, and how many deliveries it made. `won: false`: somebody was faster, and
 * the job's state is theirs to tell.
 */
export type Recorded = {
	won: boolean;
	jobState: string | null;
	deliveries: number;
	/** What the provider has charged, when this answer is the first to tell; null when it names no price. */
	points?: number | null;
};

export type Answer = {
	submission: ClaimedSubmission;
	outcome: Outcome;
	httpStatus: number | null;
	/** 0..1, for the jitter of a delay. */
	random: number;
};

type Ending = Extract<Outcome, { kind: "succeeded" | "failed" | "refused" }>;

// Without a Retry-After the provider's window is the best guess: it allows 20 creates per 10 s.
const defaultRateWaitMs = 10_000;

/**
 * Writes one outcome down. Every branch ends in one guarded statement, so recording the same outcome twice, or after a
 * callback has settled the submission, changes nothing. Of a wait the governor is told first: a job must not be back in
 * the queue before everyone knows of it.
 */
export async function recordOutcome(
	db: Database,
	answer: Answer,
	settler: Settler = (report) => settleSubmission(db, report),
): Promise<Recorded> {
	const { outcome, submission } = answer;
	switch (outcome.kind) {
		case "succeeded":
		case "failed":
		case "refused": {
			const settled = await settle(settler, answer, outcome);
			await reopenAfterProbe(db, submission);
			return settled;
		}
		case "accepted": {
			const won = await acceptSubmission(db, {
				submissionId: submission.id,
				taskId: outcome.output?.task_id ?? null,
				httpStatus: answer.httpStatus,
				callback: null,
			});
			await reopenAfterProbe(db, submission);
			return { won, jobState: won ? "rendering" : null, deliveries: 0 };
		}
		case "unknown": {
			const won = await doubtSubmission(db, {
				submissionId: submission.id,
				reason: outcome.reason,
				httpStatus: answer.httpStatus,
			});
			return { won, jobState: won ? "unknown" : null, deliveries: 0 };
		}
		case "rate_limited":
			await blockGovernor(db, outcome.retryAfterMs ?? defaultRateWaitMs);
			return reject(db, answer, {
				reason: "the provider's rate limit",
				provider: null,
			});
		case "closed":
			await closeGovernor(db, {
				reason: outcome.reason,
				detail: outcome.error.message,
				probeS: probeIntervalS,
			});
			return reject(db, answer, {
				reason: `the provider refuses us: ${outcome.reason}`,
				provider: outcome.error,
			});
		case "unsent":
			return reject(db, answer, {
				reason: `not sent: ${outcome.reason}`,
				provider: null,
				backsOff: true,
			});
		case "provider_error":
			return reject(db, answer, {
				reason: outcome.error.message,
				provider: outcome.error,
				backsOff: true,
				isProviderError: true,
			});
	}
}

async function settle(
	settler: Settler,
	{ submission, httpStatus }: Answer,
	outcome: Ending,
): Promise<Recorded> {
	const settlement = settlementOf(outcome);
	const settled = await settler({
		submissionId: submission.id,
		...settlement,
		httpStatus,
		callback: null,
	});
	return {
		won: settled.settled,
		jobState: settled.job_state,
		deliveries: settled.deliveries,
		...(settled.settled && settlement.charged === "yes"
			? { points: settlement.output?.cost_points ?? null }
			: {}),
	};
}

function settlementOf(
	outcome: Ending,
): Pick<Settlement, "verb" | "output" | "error" | "charged"> {
	switch (outcome.kind) {
		case "succeeded":
			return {
				verb: "succeed",
				output: outcome.output,
				error: null,
				charged: "yes",
			};
		case "failed":
			return {
				verb: "fail",
				output: outcome.output,
				error: failedRender(outcome.error),
				charged: chargeForFailure(outcome.output),
			};
		case "refused":
			return {
				verb: "fail",
				output: null,
				error: refusedRequest(outcome.error),
				charged: "no",
			};
	}
}

async function reject(
	db: Database,
	{ submission, httpStatus, random }: Answer,
	why: {
		reason: string;
		provider: ProviderError | null;
		backsOff?: boolean;
		/** It counts against the job's budget, and towards the provider's breaker. */
		isProviderError?: boolean;
	},
): Promise<Recorded> {
	const rejected = await rejectSubmission(db, {
		submissionId: submission.id,
		httpStatus,
		reason: why.reason,
		delayMs: why.backsOff
			? decideRequeueDelayMs({ attempt: submission.n, random })
			: 0,
		returnsBudget: !why.isProviderError,
		isProviderError: why.isProviderError ?? false,
		exhausted: {
			code: "provider_error",
			message: why.reason,
			retryable: true,
			provider: why.provider,
		},
	});
	return {
		won: rejected.rejected,
		jobState: rejected.job_state,
		deliveries: rejected.deliveries,
	};
}

/** An answer about this one job, good or bad, shows that the provider works again. */
async function reopenAfterProbe(
	db: Database,
	submission: ClaimedSubmission,
): Promise<void> {
	if (submission.is_probe) await reopenGovernor(db);
}
