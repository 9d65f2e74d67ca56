/**
 * What a callback does, whoever brings it: the receiver when it arrives, a drain that finds it on disk, or an operator
 * who has it read again. Keeping it and acting on it are one statement, so there is nothing between the two for a crash
 * to expose, and any of them may come twice, late, or at the same moment as another.
 */
import { type CallbackOutcome, callbackId } from "../domain/callback-record.ts";
import { chargeForFailure, failedRender } from "../domain/failure.ts";
import type { ProviderReport } from "../domain/provider-answer.ts";
import { quarantineCallback } from "./callbacks.ts";
import type { Database } from "./database.ts";
import type { KeptCallback, ReceivedCallback } from "./kept-callback.ts";
import { settleSubmission } from "./settle.ts";
import type { Settler } from "./settle-together.ts";
import { recordAcceptance } from "./submissions.ts";

/** A callback, kept by its hash, and what was read in it. */
export type HeardReport = {
	submissionId: string;
	report: ProviderReport;
	received: ReceivedCallback;
	/** An operator's word that it is this submission's, although it names another task. */
	adopts?: boolean | undefined;
};

/**
 * What came of it. `duplicate` was kept before and changed nothing; `progress_known` told nothing new. `chargedPoints` is
 * undefined unless this report was the first to tell of a charge, and null when it named no price.
 */
export type AppliedReport = {
	outcome: CallbackOutcome | "duplicate" | "progress_known";
	callbackId: string | null;
	jobId: string | null;
	/** Why it changed nothing, where it did not. */
	reason: string | null;
	settled: boolean;
	deliveries: number;
	chargedPoints: number | null | undefined;
};

/**
 * Applies one report; safe to call any number of times with the same one. Rejects when the database is away. An end is settled
 * by a statement of its own, unless a settler is given that shares it with others.
 */
export async function applyReport(
	db: Database,
	heard: HeardReport,
	settler: Settler = (report) => settleSubmission(db, report),
): Promise<AppliedReport> {
	const { report } = heard;
	switch (report.kind) {
		case "succeeded":
		case "failed":
			return settle(settler, { ...heard, report });
		case "progress": {
			const moved = await recordAcceptance(db, {
				submissionId: heard.submissionId,
				taskId: report.output.task_id,
				httpStatus: null,
				callback: heard.received,
				adopts: heard.adopts,
			});
			const kept = cameOf(moved, moved.job_id);
			if (kept.outcome === "quarantined") return kept;
			return {
				...kept,
				outcome: moved.accepted ? "progress" : "progress_known",
			};
		}
		case "unreadable": {
			const { reason } = report;
			const received = { ...heard.received, reason };
			const kept = await quarantineCallback(db, heard.submissionId, received);
			return cameOf(kept, kept.job_id);
		}
	}
}

async function settle(
	settler: Settler,
	heard: HeardReport & { report: { kind: "succeeded" | "failed" } },
): Promise<AppliedReport> {
	const { submissionId, report, received, adopts } = heard;
	const success = report.kind === "succeeded";
	const charged = success ? "yes" : chargeForFailure(report.output);
	const settled = await settler({
		submissionId,
		verb: success ? "succeed" : "fail",
		output: report.output,
		error: success ? null : failedRender(report.error),
		charged,
		httpStatus: null,
		callback: received,
		adopts,
	});
	const isCharge = settled.settled && charged === "yes";
	return {
		...cameOf(settled, settled.job_id),
		settled: settled.settled,
		deliveries: settled.deliveries,
		chargedPoints: isCharge ? report.output.cost_points : undefined,
	};
}

/** What the row of a callback says, of a report that has ended nothing. */
function cameOf(kept: KeptCallback, jobId: string | null): AppliedReport {
	return {
		outcome: kept.callback_outcome ?? "duplicate",
		callbackId: kept.callback_id === null ? null : callbackId(kept.callback_id),
		jobId,
		reason: kept.callback_reason,
		settled: false,
		deliveries: 0,
		chargedPoints: undefined,
	};
}
