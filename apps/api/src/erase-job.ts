import { isFinal } from "@reelay/shared/domain/job";
import type { JobRecord } from "@reelay/shared/domain/job-record";
import { insertAudit } from "@reelay/shared/store/audit-log";
import type { Database } from "@reelay/shared/store/database";
import { eraseJob as eraseRow } from "@reelay/shared/store/erase";
import { findJob } from "@reelay/shared/store/jobs";
import { noSuch, problemFor } from "./problem.ts";

/**
 * Erases what a job that has ended holds of its customer's, and returns what is left of it: the facts about money. Asking
 * twice changes nothing more.
 */
export async function eraseJob(
	db: Database,
	request: { tenantId: string; actor: string; jobId: string },
): Promise<JobRecord> {
	const { tenantId, actor, jobId } = request;
	const job = await findJob(db, tenantId, jobId);
	if (job === null) throw noSuch("job");
	if (job.erased_at) return job;
	if (!isFinal(job.state)) {
		throw problemFor("not_final", {
			detail: `The job is ${job.state}. Cancel it, or wait for its end, and erase it then.`,
		});
	}
	await insertAudit(db, {
		tenantId,
		actor,
		action: "job.erase",
		target: jobId,
		data: {},
	});
	const erased = await eraseRow(db, tenantId, jobId);
	if (erased === null) throw noSuch("job");
	return erased;
}
