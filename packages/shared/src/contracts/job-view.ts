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
		}),
		submissions: z.int().meta({
			description: "How many submissions count against max_submissions.",
		}),
		max_submissions: z.int(),
		surplus_results: z.int().meta({
			description: "Videos that arrived after the job had ended.",
		}),
		waiting_for: waitingFor,
		priority: z.enum(Object.keys(priorities) as Priority[]),
		external_id: z.string().nullable(),
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
		links: z.strictObject({
			self: z.string(),
			events: z.string(),
			cancel: z.string(),
			submissions: z.string(),
			callbacks: z.string(),
		}),
	})
	.meta({ id: "Job" });

/** The shape that `GET /v1/jobs/{id}` answers with. */
export type JobView = z.infer<typeof jobSchema>;

/**
 * A job as the API shows it. `GET`, the list, and the `data` of an event are made by this one function, so that a
 * customer sees one shape; `waitingFor` is known only to whoever has looked at the governor.
 */
export function presentJob(
	job: JobRecord,
	waitingFor: WaitingFor = null,
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
		cost: { points: job.cost_points, charged: job.charged as Charge },
		submissions: job.submissions,
		max_submissions: job.max_submissions,
		surplus_results: job.surplus_results,
		waiting_for: waitingFor,
		priority: priorityName(job.priority),
		external_id: job.external_id,
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
		links: {
			self,
			events: `${self}/events`,
			cancel: `${self}/cancel`,
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
