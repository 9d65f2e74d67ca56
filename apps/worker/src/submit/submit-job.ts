import { setTimeout as delay } from "node:timers/promises";
import { findAction } from "@reelay/shared/domain/actions/registry";
import {
	classifyOutcome,
	type Outcome,
	type PostEnd,
} from "@reelay/shared/domain/outcome";
import type { ResultHosts } from "@reelay/shared/domain/result-url";
import type { Clock } from "@reelay/shared/runtime/clock";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Racepoint } from "@reelay/shared/runtime/racepoint";
import type { ClaimedSubmission } from "@reelay/shared/store/claim";
import type { Database } from "@reelay/shared/store/database";
import type { Settler } from "@reelay/shared/store/settle-together";
import type { ProviderClient } from "./provider-client.ts";
import { type Recorded, recordOutcome } from "./record-outcome.ts";

export type SubmitJobDeps = {
	db: Database;
	/** Settles one answer, together with those that come at the same moment; each by itself if left out. */
	settler?: Settler;
	provider: Pick<ProviderClient, "post">;
	/** The address, with its capability, that the provider is to call when this submission ends. */
	callbackUrl: (submissionId: string) => string;
	/** Where results may lead to. */
	resultHosts: ResultHosts;
	clock: Clock;
	random: () => number;
	logger: Logger;
	/** Nothing in production; where a test stops the process. */
	racepoint?: Racepoint | undefined;
};

/**
 * The life of one claimed submission: build the request, post it once, put what happened into one word, write that
 * word down. The claim has committed, so whatever dies from here on leaves a leased intent, which the lease sweep turns
 * into `unknown`; nothing here ever sends a second time.
 */
export async function submitJob(
	deps: SubmitJobDeps,
	submission: ClaimedSubmission,
): Promise<Recorded> {
	const startedAt = deps.clock.now();
	await deps.racepoint?.("submit.claimed", submission.job_id);
	const end = await post(deps, submission);
	await deps.racepoint?.("submit.answered", submission.job_id);
	const outcome = classifyOutcome(end, deps.clock.now(), deps.resultHosts);
	const httpStatus = end.kind === "answered" ? end.status : null;
	const answer = { submission, outcome, httpStatus, random: deps.random() };
	const recorded = await recordUntilWritten(deps, submission, () =>
		recordOutcome(deps.db, answer, deps.settler),
	);
	deps.logger.info(
		{
			job_id: submission.job_id,
			submission_id: submission.id,
			tenant_id: submission.tenant_id,
			n: submission.n,
			outcome: outcome.kind,
			reason: reasonOf(outcome),
			http_status: httpStatus,
			job_state: recorded.jobState,
			won: recorded.won,
			duration_ms: deps.clock.now().getTime() - startedAt.getTime(),
		},
		"submission.ended",
	);
	return recorded;
}

/** An action that this worker does not know is a newer API's: unsent, so a newer worker may take the job. */
async function post(
	deps: SubmitJobDeps,
	submission: ClaimedSubmission,
): Promise<PostEnd> {
	const action = findAction(submission.action);
	if (action === null) {
		const reason = `this worker does not know the action ${submission.action}`;
		return { kind: "unsent", reason };
	}
	const request = action.buildRequest(
		submission.input,
		deps.callbackUrl(submission.id),
	);
	return deps.provider.post({
		submissionId: submission.id,
		path: action.path,
		request,
	});
}

// Twenty tries with waits up to 10 s span about three minutes, more than a database's restart or failover.
const maxWrites = 20;

/**
 * An answer that was paid for is not dropped because the database is away for a moment. If it stays away, the lease
 * runs out, the submission becomes unknown, and the callback ends it.
 */
async function recordUntilWritten(
	deps: SubmitJobDeps,
	submission: ClaimedSubmission,
	write: () => Promise<Recorded>,
): Promise<Recorded> {
	for (let tries = 1; ; tries += 1) {
		try {
			return await write();
		} catch (error) {
			if (tries >= maxWrites) throw error;
			deps.logger.warn(
				{ submission_id: submission.id, tries, err: error },
				"submission.recordDelayed",
			);
			await delay(Math.min(250 * 2 ** tries, 10_000));
		}
	}
}

function reasonOf(outcome: Outcome): string | null {
	if ("reason" in outcome) return outcome.reason;
	return "error" in outcome ? outcome.error.message : null;
}
