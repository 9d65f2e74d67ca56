import type { Charge } from "./job.ts";
import type { JobError } from "./job-record.ts";
import type { ProviderOutput } from "./provider-answer.ts";
import type { SubmissionState } from "./submission.ts";

/** One POST to the provider for a job, as the store returns it. */
export type SubmissionRecord = {
	id: string;
	n: number;
	state: SubmissionState;
	provider_task_id: string | null;
	http_status: number | null;
	charged: Charge;
	output: ProviderOutput | null;
	error: JobError | null;
	intent_at: Date;
	answered_at: Date | null;
	callback_due_at: Date;
	overdue_at: Date | null;
	settled_at: Date | null;
};
