import { listUnheardIntents } from "@reelay/shared/store/claim";
import type { Database } from "@reelay/shared/store/database";
import { rejectSubmission } from "@reelay/shared/store/submissions";

const reason = "not sent: the answer to its claim was lost";

/**
 * Puts the jobs back into the queue that were claimed under these names: the worker never heard of them, so nothing was
 * sent and nothing is charged. Returns how many there were; safe to repeat, for a loser changes nothing.
 */
export async function returnUnheard(
	db: Database,
	owners: readonly string[],
): Promise<number> {
	let returned = 0;
	for (const submissionId of await listUnheardIntents(db, owners)) {
		const { rejected } = await rejectSubmission(db, {
			submissionId,
			httpStatus: null,
			reason,
			delayMs: 0,
			returnsBudget: true,
			exhausted: {
				code: "provider_error",
				message: reason,
				retryable: true,
				provider: null,
			},
		});
		if (rejected) returned += 1;
	}
	return returned;
}
