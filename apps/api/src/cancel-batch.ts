import { listJobsOfBatch } from "@reelay/shared/store/batches";
import { type CancelJobDeps, type Cancelled, cancelJob } from "./cancel-job.ts";

/** How many jobs of a batch a cancel ended, how many it asked to, and how many had ended before. */
export type BatchCancel = Record<Cancelled["effect"], number>;

/**
 * Cancels each job of a batch, and says what that did. One after the other: a crash between two leaves the rest as they
 * were, and asking again cancels them.
 */
export async function cancelBatch(
	deps: CancelJobDeps,
	batch: { id: string; tenant_id: string },
): Promise<BatchCancel> {
	const effects: BatchCancel = { cancelled: 0, requested: 0, none: 0 };
	for (const { id } of (await listJobsOfBatch(deps.db, batch.id)).values()) {
		const { effect } = await cancelJob(deps, { tenantId: batch.tenant_id, id });
		effects[effect] += 1;
	}
	return effects;
}
