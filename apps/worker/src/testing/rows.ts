import type { JobError } from "@reelay/shared/domain/job-record";
import type { ProviderOutput } from "@reelay/shared/domain/provider-answer";
import { insertJob, type NewJob } from "@reelay/shared/store/accept";
import type { ClaimedSubmission } from "@reelay/shared/store/claim";
import { claimOne } from "@reelay/shared/testing/claims";
import { aNewJob } from "@reelay/shared/testing/factories";
import type { TestStore } from "@reelay/shared/testing/store";

export const workerId = "worker-1";

/** A new job and the submission that this worker has claimed for it; nothing has been sent. */
export async function aClaimed(
	store: TestStore,
	job: Partial<NewJob> = {},
): Promise<ClaimedSubmission> {
	await insertJob(store.db, aNewJob(store, job));
	const claimed = await claimOne(store.db, workerId);
	if (claimed === null) throw new Error("nothing could be claimed");
	return claimed;
}

/** What a submission has become, with its job, its slot and the governor. */
export type Found = {
	job_state: string;
	submission_state: string;
	charged: string;
	submission_charged: string;
	submissions: number;
	http_status: number | null;
	task_id: string | null;
	result: ProviderOutput | null;
	error: JobError | null;
	cost_points: number | null;
	/** Until the job may be submitted again. */
	wait_ms: number;
	holds_slot: boolean;
	closed_reason: string | null;
	blocked_ms: number;
	events: string[];
	/** The last line of the job's timeline. */
	told: string;
	reason: string | null;
};

export async function find(
	store: TestStore,
	submissionId: string,
): Promise<Found> {
	const rows = await store.db.$queryRaw<Found[]>`
		select job.state as job_state, s.state as submission_state, job.charged, s.charged as submission_charged,
			submissions, http_status, provider_task_id as task_id, result, job.error, cost_points,
			greatest(0, extract(epoch from not_before - now()) * 1000)::float8 as wait_ms,
			s.live and overdue_at is null as holds_slot, closed_reason,
			coalesce(greatest(0, extract(epoch from greatest(blocked_until, probe_at) - now()) * 1000), 0)::float8 as blocked_ms,
			array(select type from event where job_id = job.id order by id) as events, line.type as told,
			line.data->>'reason' as reason
		from submission s join job on job.id = s.job_id cross join governor
			cross join lateral (select type, data from timeline where job_id = job.id order by id desc limit 1) as line
		where s.id = ${submissionId}`;
	const [row] = rows;
	if (row === undefined) throw new Error("no such submission");
	return row;
}
