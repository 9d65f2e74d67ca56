import type { Charge, JobState } from "../domain/job.ts";
import { priorityName } from "../domain/job.ts";
import type { Instant, JobRecord } from "../domain/job-record.ts";
import type { WaitingFor } from "../domain/waiting.ts";

/**
 * A job as the API shows it. `GET`, the list, and the `data` of an event are made by this one function, so that a
 * customer sees one shape; `waitingFor` is known only to whoever has looked at the governor.
 */
export function presentJob(job: JobRecord, waitingFor: WaitingFor = null) {
	const self = `/v1/jobs/${job.id}`;
	return {
		id: job.id,
		state: job.state as JobState,
		action: job.action,
		mode: job.mode,
		input: job.input,
		warnings: job.warnings,
		result: job.result === null ? null : presentResult(job.result),
		error:
			job.error === null
				? null
				: { ...job.error, charged: job.charged as Charge },
		cost: { points: job.cost_points, charged: job.charged as Charge },
		submissions: job.submissions,
		max_submissions: job.max_submissions,
		surplus_results: job.surplus_results,
		waiting_for: waitingFor,
		priority: priorityName(job.priority),
		external_id: job.external_id,
		metadata: job.metadata,
		tags: job.tags,
		webhook_url: job.webhook_url,
		not_before: iso(job.not_before),
		start_by: iso(job.start_by),
		timeout_s: job.timeout_s,
		on_unknown: job.on_unknown,
		created_at: iso(job.created_at),
		submitted_at: iso(job.submitted_at),
		cancel_requested_at: iso(job.cancel_requested_at),
		finished_at: iso(job.finished_at),
		links: { self, events: `${self}/events`, cancel: `${self}/cancel` },
	};
}

/** The shape that `GET /v1/jobs/{id}` answers with. */
export type JobView = ReturnType<typeof presentJob>;

function presentResult(result: NonNullable<JobRecord["result"]>) {
	return {
		urls: result.result_urls,
		task_id: result.task_id,
		model: result.model,
		source: result.source,
		cost_time_ms: result.cost_time_ms,
		tokens: {
			input: result.input_tokens,
			output: result.output_tokens,
			total: result.total_tokens,
		},
		provider_config_id: result.provider_config_id,
		received_at: iso(result.received_at),
	};
}

function iso(instant: Instant): string;
function iso(instant: Instant | null): string | null;
function iso(instant: Instant | null): string | null {
	return instant === null ? null : new Date(instant).toISOString();
}
