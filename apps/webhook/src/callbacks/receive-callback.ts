/**
 * What a verified callback does. It is recorded and applied in one statement, so the 200 that follows means "kept and
 * reflected", and a crash before the commit means that the provider gets no 200 and sends again. Duplicates, reordered
 * and late reports lose by compare-and-set; what cannot be read or contradicts what we know is kept with the reason.
 */
import { chargeForFailure, failedRender } from "@reelay/shared/domain/failure";
import type { ProviderReport } from "@reelay/shared/domain/provider-answer";
import type { Ringer } from "@reelay/shared/queue/rings";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Racepoint } from "@reelay/shared/runtime/racepoint";
import { quarantineCallback } from "@reelay/shared/store/callbacks";
import type { Database } from "@reelay/shared/store/database";
import {
	type ReceivedCallback,
	settleSubmission,
} from "@reelay/shared/store/settle";
import { acceptSubmission } from "@reelay/shared/store/submissions";

export type ReceiveCallbackDeps = {
	db: Database;
	ringer: Pick<Ringer, "enqueue">;
	logger: Logger;
	onReceived: (kind: string, outcome: string) => void;
	/** Called when a callback is the first to tell that the provider has charged; null when it names no price. */
	onCharged: (points: number | null) => void;
	/** Nothing in production; where a test stops the process. */
	racepoint?: Racepoint | undefined;
};

export type Callback = {
	submissionId: string;
	report: ProviderReport;
	received: ReceivedCallback;
};

/** Applies one callback; safe to call any number of times with the same one. Rejects when the database is away. */
export async function receiveCallback(
	deps: ReceiveCallbackDeps,
	callback: Callback,
): Promise<void> {
	await deps.racepoint?.("callback.beforeCommit", callback.submissionId);
	const { outcome, jobId } = await apply(deps, callback);
	await deps.racepoint?.("callback.committed", callback.submissionId);
	deps.onReceived(callback.report.kind, outcome);
	deps.logger.info(
		{
			submission_id: callback.submissionId,
			job_id: jobId,
			kind: callback.report.kind,
			outcome,
			reason:
				callback.report.kind === "unreadable" ? callback.report.reason : null,
		},
		"callback.received",
	);
}

type Applied = { outcome: string; jobId: string | null };

async function apply(
	deps: ReceiveCallbackDeps,
	{ submissionId, report, received }: Callback,
): Promise<Applied> {
	switch (report.kind) {
		case "succeeded":
		case "failed":
			return settle(deps, { submissionId, report, received });
		case "progress": {
			const moved = await acceptSubmission(deps.db, {
				submissionId,
				taskId: report.output.task_id,
				httpStatus: null,
				callback: received,
			});
			return { outcome: moved ? "progress" : "progress_known", jobId: null };
		}
		case "unreadable": {
			const isNew = await quarantineCallback(deps.db, submissionId, {
				...received,
				reason: report.reason,
			});
			return { outcome: isNew ? "quarantined" : "duplicate", jobId: null };
		}
	}
}

async function settle(
	deps: ReceiveCallbackDeps,
	{
		submissionId,
		report,
		received,
	}: Callback & { report: { kind: "succeeded" | "failed" } },
): Promise<Applied> {
	const success = report.kind === "succeeded";
	const charged = success ? "yes" : chargeForFailure(report.output);
	const settled = await settleSubmission(deps.db, {
		submissionId,
		verb: success ? "succeed" : "fail",
		output: report.output,
		error: success ? null : failedRender(report.error),
		charged,
		httpStatus: null,
		callback: received,
	});
	if (settled.settled) {
		if (charged === "yes") deps.onCharged(report.output.cost_points);
		// A slot is free, and perhaps a delivery is due; both are found by sweeps if these rings are lost.
		deps.ringer.enqueue("submit", [submissionId]);
		if (settled.deliveries > 0) deps.ringer.enqueue("deliver", [submissionId]);
	}
	return {
		outcome: settled.callback_outcome ?? "duplicate",
		jobId: settled.job_id,
	};
}
