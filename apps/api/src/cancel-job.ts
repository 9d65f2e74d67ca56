import type { JobRecord } from "@reelay/shared/domain/job-record";
import type { Ringer } from "@reelay/shared/queue/rings";
import { isId } from "@reelay/shared/runtime/ids";
import type { Database } from "@reelay/shared/store/database";
import { applyCancel, findJob } from "@reelay/shared/store/jobs";
import { noSuch } from "./problem.ts";

export type CancelJobDeps = { db: Database; ringer: Pick<Ringer, "enqueue"> };

/** What the cancel did, told truthfully: the provider cannot be stopped, so a job that was sent is paid for. */
export type Cancelled = {
	job: JobRecord;
	effect: "cancelled" | "requested" | "none";
	message: string;
};

/** Cancels what can be cancelled and says what could not. Asking twice changes nothing more. */
export async function cancelJob(
	deps: CancelJobDeps,
	{ tenantId, id }: { tenantId: string; id: string },
): Promise<Cancelled> {
	// What is no id is not asked for: the database would refuse some of it, such as a NUL.
	if (!isId("job", id)) throw noSuch("job");
	const job = await applyCancel(deps.db, tenantId, id);
	if (job === null) {
		const final = await findJob(deps.db, tenantId, id);
		if (final === null) throw noSuch("job");
		return {
			job: final,
			effect: "none",
			message: `The job had already ended as ${final.state}.`,
		};
	}
	if (job.state === "cancelled") {
		deps.ringer.enqueue("deliver", [job.id]);
		const money =
			job.charged === "no"
				? "nothing was charged"
				: "an earlier submission of it may have been charged";
		return {
			job,
			effect: "cancelled",
			message: `The job was not under way: it is cancelled, and ${money}.`,
		};
	}
	return {
		job,
		effect: "requested",
		message:
			"The job had been sent, and the provider cannot be stopped: it will end as cancelled when its result arrives, and may be charged.",
	};
}
