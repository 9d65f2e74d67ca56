import type { SubmissionRecord } from "../domain/submission-record.ts";
import type { Database } from "./database.ts";

/** A job's submissions in their order, after the given number. Index: submission_job_id_n_key. */
export async function listSubmissions(
	db: Database,
	query: { jobId: string; afterN: number; limit: number },
): Promise<SubmissionRecord[]> {
	return db.$queryRaw<SubmissionRecord[]>`
		select id, n, state, provider_task_id, http_status, charged, output, error, intent_at, answered_at, callback_due_at,
			overdue_at, settled_at
		from submission where job_id = ${query.jobId} and n > ${query.afterN}::int order by n limit ${query.limit}::int`;
}
