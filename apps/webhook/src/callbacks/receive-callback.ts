/**
 * What a verified callback does. It is recorded and applied in one statement, so the 200 that follows means "kept and
 * reflected", and a crash before the commit means that the provider gets no 200 and sends again. Duplicates, reordered
 * and late reports lose by compare-and-set; what cannot be read or contradicts what we know is kept with the reason, and
 * somebody is called, because a result that was paid for may wait in it.
 */
import type { ProviderReport } from "@reelay/shared/domain/provider-answer";
import type { Ringer } from "@reelay/shared/queue/rings";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Racepoint } from "@reelay/shared/runtime/racepoint";
import {
	type AppliedReport,
	applyReport,
} from "@reelay/shared/store/apply-report";
import type { Database } from "@reelay/shared/store/database";
import type { ReceivedCallback } from "@reelay/shared/store/settle";
import type { Settler } from "@reelay/shared/store/settle-together";

export type ReceiveCallbackDeps = {
	db: Database;
	/** Settles one report, together with those that come at the same moment; each by itself if left out. */
	settler?: Settler;
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
	const { submissionId, report } = callback;
	await deps.racepoint?.("callback.beforeCommit", submissionId);
	const applied = await applyReport(deps.db, callback, deps.settler);
	await deps.racepoint?.("callback.committed", submissionId);
	if (applied.settled) {
		// Perhaps a delivery is due, which somebody waits for, and a slot is free; both are found by sweeps if these rings are lost.
		if (applied.deliveries > 0) deps.ringer.enqueue("deliver", [submissionId]);
		deps.ringer.enqueue("submit", [submissionId]);
	}
	if (applied.chargedPoints !== undefined)
		deps.onCharged(applied.chargedPoints);
	deps.onReceived(report.kind, applied.outcome);
	tell(deps.logger, callback, applied);
}

function tell(
	logger: Logger,
	{ submissionId, report }: Callback,
	{ callbackId, jobId, outcome, reason }: AppliedReport,
): void {
	const line = {
		submission_id: submissionId,
		job_id: jobId,
		callback_id: callbackId,
		kind: report.kind,
		outcome,
		reason,
	};
	logger.info(line, "callback.received");
	// A line of its own, so that an alarm has one word to look for.
	if (outcome === "quarantined") logger.error(line, "callback.quarantined");
	// Ours by its token, and of no row: what it was for has been removed by age, or lies behind a backup that was restored.
	else if (jobId === null && report.kind !== "unreadable")
		logger.warn(line, "callback.orphaned");
}
