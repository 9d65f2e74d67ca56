import { z } from "zod";
import type { Charge, JobState } from "../domain/job.ts";
import {
	charges,
	jobStates,
	type Priority,
	priorities,
	priorityName,
	unknownPolicies,
} from "../domain/job.ts";
import {
	type Instant,
	type JobRecord,
	jobErrorCodes,
} from "../domain/job-record.ts";
import type { Outlook } from "../domain/outlook.ts";
import type { WaitingFor } from "../domain/waiting.ts";
import { actionInput } from "./action-input.ts";
import { idSchema, instant } from "./ids.ts";

/** What is known of the money. */
export const charged = z.enum(charges).meta({
	description:
		"What is known of your money: no, yes, or possible, which is said whenever a charge cannot be excluded.",
});

/** What is wrong, or odd, in an input; `pointer` is a JSON pointer into the request's body. */
export const violationSchema = z.strictObject({
	pointer: z.string(),
	code: z.string(),
	message: z.string(),
	suggestion: z.string().optional(),
});

/** What a job that succeeded has to show. */
export const jobResultSchema = z
	.strictObject({
		urls: z.array(z.string()).meta({
			description:
				"The provider's own URLs, which live for about a day: fetch the video when the job succeeds.",
		}),
		task_id: z.string().nullable().meta({
			description: "The provider's name for it.",
		}),
		model: z.string().nullable(),
		source: z.string().nullable(),
		cost_time_ms: z.int().nullable(),
		tokens: z.strictObject({
			input: z.int().nullable(),
			output: z.int().nullable(),
			total: z.int().nullable(),
		}),
		provider_config_id: z.int().nullable(),
		received_at: instant,
	})
	.meta({ id: "JobResult" });

/** Why a job failed or expired. */
export const jobErrorSchema = z
	.strictObject({
		code: z.enum(jobErrorCodes),
		message: z.string(),
		retryable: z.boolean().meta({
			description: "Whether a new job with the same input may succeed.",
		}),
		provider: z
			.strictObject({
				code: z.string().nullable(),
				message: z.string(),
				status: z.int().optional(),
				issues: z.unknown().optional(),
				repair_options: z.unknown().optional(),
				minimal_runnable_payload: z.unknown().optional(),
			})
			.nullable()
			.meta({ description: "What the provider itself said." }),
		charged,
	})
	.meta({ id: "JobError" });

const waitingFor = z
	.enum([
		"run_at",
		"backoff",
		"provider_funds",
		"provider_credentials",
		"provider_errors",
		"provider_rate_limit",
		"free_slot",
	] satisfies NonNullable<WaitingFor>[])
	.nullable()
	.meta({
		description:
			"What keeps a queued job from being submitted; told by GET of one job alone.",
	});

/** A job as `GET /v1/jobs/{id}` answers with it. */
export const jobSchema = z
	.strictObject({
		id: idSchema("job"),
		state: z.enum(jobStates).meta({
			description:
				"succeeded, failed, cancelled and expired are final and never left.",
		}),
		action: z.string(),
		mode: z.string().meta({
			description:
				"What the input asks for: text, first_frame, first_and_last_frame or multi_shot.",
		}),
		input: actionInput.meta({
			description: "The input in full, with every default filled in.",
		}),
		warnings: z.array(violationSchema).meta({
			description: "What is allowed in the input, but probably not meant.",
		}),
		result: jobResultSchema.nullable(),
		error: jobErrorSchema.nullable(),
		cost: z.strictObject({
			points: z.int().nullable().meta({
				description:
					"What the provider says that it took, over all submissions.",
			}),
			charged,
			estimate_points: z.int().nullable().meta({
				description:
					"What it was expected to cost when it was accepted, from what the like has cost before: budgets reserve it until the end.",
			}),
		}),
		submissions: z.int().meta({
			description: "How many submissions count against max_submissions.",
		}),
		max_submissions: z.int(),
		surplus_results: z.int().meta({
			description: "Videos that arrived after the job had ended.",
		}),
		waiting_for: waitingFor,
		queue_position: z.int().min(1).nullable().meta({
			description:
				"About how many jobs are submitted up to this one, by priority and fair turns; told of a queued job when it is accepted and read. Beyond 1000 of a tenant it is the least that it can be.",
		}),
		estimated_completion_at: instant.nullable().meta({
			description:
				"When half of such jobs would have their video, by our own history of the same mode, duration, quality and sound; null when there is none, when the provider is closed, or when the job has taken longer than that.",
		}),
		estimated_latest_at: instant.nullable().meta({
			description: "When nine of ten such jobs would have it.",
		}),
		priority: z.enum(Object.keys(priorities) as Priority[]),
		external_id: z.string().nullable(),
		batch_id: idSchema("batch").nullable(),
		retry_of: idSchema("job").nullable().meta({
			description: "The job of which this one is another try.",
		}),
		metadata: z.record(z.string(), z.string()),
		tags: z.array(z.string()),
		webhook_url: z.string().nullable(),
		not_before: instant,
		start_by: instant.meta({
			description: "Not submitted by then: expired, free of charge.",
		}),
		timeout_s: z.int(),
		on_unknown: z.enum(unknownPolicies),
		created_at: instant,
		submitted_at: instant.nullable(),
		cancel_requested_at: instant.nullable(),
		finished_at: instant.nullable(),
		erased_at: instant.nullable().meta({
			description:
				"When its content was erased: then input and metadata are empty, and there are no URLs.",
		}),
		links: z.strictObject({
			self: z.string(),
			events: z.string(),
			cancel: z.string(),
			retry: z.string(),
			submissions: z.string(),
			callbacks: z.string(),
		}),
	})
	.meta({ id: "Job" });

/** The shape that `GET /v1/jobs/{id}` answers with. */
export type JobView = z.infer<typeof jobSchema>;

/** What one job waits for at this moment, and for how long. */
export type Waiting = {
	waitingFor?: WaitingFor;
	outlook?: Outlook | null;
};

/**
 * A job as the API shows it. `GET`, the list, and the `data` of an event are made by this one function, so that a
 * customer sees one shape; what it waits for, and for how long, is known only to whoever has looked at the queue.
 */
export function presentJob(
	job: JobRecord,
	{ waitingFor = null, outlook = null }: Waiting = {},
): JobView {
	const self = `/v1/jobs/${job.id}`;
	return {
		id: job.id,
		state: job.state as JobState,
		action: job.action,
		mode: job.mode,
		input: job.input,
		warnings: job.warnings as JobView["warnings"],
		result: job.result === null ? null : presentResult(job.result),
		error:
			job.error === null
				? null
				: ({ ...job.error, charged: job.charged } as JobView["error"]),
		cost: {
			points: job.cost_points,
			charged: job.charged as Charge,
			estimate_points: job.estimate_points ?? null,
		},
		submissions: job.submissions,
		max_submissions: job.max_submissions,
		surplus_results: job.surplus_results,
		waiting_for: waitingFor,
		queue_position: outlook?.position ?? null,
		estimated_completion_at: iso(outlook?.likelyAt ?? null),
		estimated_latest_at: iso(outlook?.latestAt ?? null),
		priority: priorityName(job.priority),
		external_id: job.external_id,
		batch_id: job.batch_id ?? null,
		retry_of: job.retry_of ?? null,
		metadata: job.metadata as JobView["metadata"],
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
		erased_at: iso(job.erased_at ?? null),
		links: {
			self,
			events: `${self}/events`,
			cancel: `${self}/cancel`,
			retry: `${self}/retry`,
			submissions: `${self}/submissions`,
			callbacks: `${self}/callbacks`,
		},
	};
}

/** A result under the names of the API. */
export function presentResult(
	result: NonNullable<JobRecord["result"]>,
): z.infer<typeof jobResultSchema> {
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
