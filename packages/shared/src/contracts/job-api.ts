import { z } from "zod";
import { actionModes } from "../domain/actions/action.ts";
import {
	defaultStartWithinS,
	defaultTimeoutS,
	maxStartWithinS,
	maxTimeoutS,
	minTimeoutS,
} from "../domain/deadline.ts";
import { jobStates, unknownPolicies } from "../domain/job.ts";
import { jobErrorCodes } from "../domain/job-record.ts";
import { inputRefs } from "./action-input.ts";
import { idSchema } from "./ids.ts";
import { cursor, limitOf } from "./page.ts";
import { wordList } from "./query.ts";

/** The body of `POST /v1/jobs`, without `input`, whose rules belong to the action that it names. */
export const createJobSchema = z
	.strictObject({
		action: z.string().optional().meta({
			description: "The provider's action; the default is the first.",
		}),
		// Whether it is there, and right, is the action's to say.
		input: z
			.unknown()
			.optional()
			.meta({
				...inputRefs,
				description: "The provider's own fields, without callBackUrl.",
			}),
		webhook_url: z
			.string()
			.nullish()
			.meta({ description: "Gets the job's final event, signed." }),
		external_id: z.string().min(1).max(200).nullish().meta({
			description: "Your own id, unique among your jobs.",
		}),
		metadata: z
			.record(z.string().min(1).max(64), z.string().max(500))
			.refine((value) => Object.keys(value).length <= 50, {
				message: "holds at most 50 keys",
			})
			.nullish()
			.meta({
				description:
					"Up to 50 of your own values, kept with the job and shown.",
			}),
		tags: z.array(z.string().min(1).max(64)).max(20).nullish().meta({
			description: "Words of your own, kept with the job and shown.",
		}),
		priority: z.enum(["high", "normal", "low"]).default("normal").meta({
			description: "Every high job is submitted before every normal one.",
		}),
		run_at: z.iso
			.datetime({ offset: true })
			.refine(isWithinCalendar, { message: "is in the years 2000 to 2999" })
			.nullish()
			.meta({ description: "Not submitted before this instant." }),
		start_within_s: z
			.int()
			.min(1)
			.max(maxStartWithinS)
			.default(defaultStartWithinS)
			.meta({
				description: "Not submitted by then: expired, free of charge.",
			}),
		timeout_s: z
			.int()
			.min(minTimeoutS)
			.max(maxTimeoutS)
			.default(defaultTimeoutS)
			.meta({ description: "No result by then: overdue." }),
		on_unknown: z.enum(unknownPolicies).optional().meta({
			description: "What to do when an outcome is still unknown by then.",
		}),
	})
	.meta({ id: "CreateJob", required: ["input"] });
export type CreateJobBody = z.infer<typeof createJobSchema>;

/** JSON, JavaScript and Postgres write the years before 1 and after 9999 in different ways, so none is taken. */
function isWithinCalendar(instant: string): boolean {
	const year = new Date(instant).getUTCFullYear();
	return year >= 2000 && year <= 2999;
}

/**
 * The query of `GET /v1/jobs`. Lists may be given as one word after the other with commas, or several times; all that is
 * given must hold.
 */
export const listJobsSchema = z.strictObject({
	state: wordList.pipe(z.array(z.enum(jobStates))).meta({
		description: "Only jobs in one of these states.",
	}),
	mode: wordList.pipe(z.array(z.enum(actionModes))).meta({
		description: "Only jobs whose input asks for one of these.",
	}),
	error_code: wordList.pipe(z.array(z.enum(jobErrorCodes))).meta({
		description: "Only jobs that failed or expired for one of these reasons.",
	}),
	tag: wordList.pipe(z.array(z.string().min(1).max(64)).max(20)).meta({
		description: "Only jobs that have each of these tags.",
	}),
	metadata: z
		.union([z.string(), z.array(z.string()).max(10)])
		.optional()
		.transform((value) => [value ?? []].flat())
		.pipe(
			z.array(
				z
					.string()
					.regex(/^[^:]{1,64}:/, "is written as key:value")
					.max(600),
			),
		)
		.meta({
			description:
				"Only jobs with this in their metadata, written as key:value; it may be given several times.",
			explode: true,
		}),
	external_id: z.string().min(1).max(200).optional().meta({
		description: "Only the job with your own id.",
	}),
	batch: idSchema("batch").optional().meta({
		description: "Only the jobs of this batch.",
	}),
	retry_of: idSchema("job").optional().meta({
		description: "Only the job that is another try of this one.",
	}),
	created_from: z.iso
		.datetime({ offset: true })
		.refine(isWithinCalendar, { message: "is in the years 2000 to 2999" })
		.optional()
		.meta({ description: "Only jobs that were accepted then or later." }),
	created_before: z.iso
		.datetime({ offset: true })
		.refine(isWithinCalendar, { message: "is in the years 2000 to 2999" })
		.optional()
		.meta({ description: "Only jobs that were accepted earlier." }),
	limit: limitOf(100, 20),
	cursor,
});

/** The body of `POST /v1/jobs/{id}/retry`: what is to be different. */
export const retryJobSchema = createJobSchema
	.omit({ action: true, external_id: true })
	.extend({
		input: z.record(z.string(), z.unknown()).optional().meta({
			description:
				"Changes to the input, as a JSON Merge Patch: what is null is left out, what is not named stays.",
		}),
		priority: createJobSchema.shape.priority.unwrap().optional(),
		start_within_s: createJobSchema.shape.start_within_s.unwrap().optional(),
		timeout_s: createJobSchema.shape.timeout_s.unwrap().optional(),
	})
	.meta({ id: "RetryJob", required: [] });
export type RetryJobBody = z.infer<typeof retryJobSchema>;

/** A header `Prefer` of a request that would rather wait for the end of a job than ask again. */
export const preferSchema = z
	.string()
	.max(200)
	.meta({
		description:
			"wait=10 waits up to so many seconds, 60 at most, for the job to end, and answers as soon as it has. Preference-Applied says that it was heard.",
		examples: ["wait=10"],
	});

/** The query of `GET /v1/jobs/{id}/events`. */
export const listTimelineSchema = z.strictObject({
	limit: limitOf(200, 100),
	after: z
		.string()
		.regex(/^(\d{1,18}|now)$/, "is the id of an entry, or now")
		.default("0")
		.meta({
			description:
				"Only entries behind this one; now is the last one there is.",
		}),
});

/**
 * The body of `POST /v1/jobs/{id}/resolve`, by which an operator ends what nobody else can: what really became of a job
 * whose outcome is unknown or overdue, or that it is to be sent again.
 */
export const resolveJobSchema = z
	.discriminatedUnion("outcome", [
		z.strictObject({
			outcome: z.literal("succeeded"),
			urls: z
				.array(z.url({ protocol: /^https?$/ }).max(2048))
				.min(1)
				.max(20),
			cost_points: z.int().min(0).max(2_000_000_000).nullish(),
			note: z.string().max(1000).nullish(),
		}),
		z.strictObject({
			outcome: z.literal("failed"),
			charged: z.enum(["no", "possible", "yes"]).default("possible"),
			note: z.string().max(1000).nullish(),
		}),
		z.strictObject({
			outcome: z.literal("resubmit"),
			note: z.string().max(1000).nullish(),
		}),
	])
	.meta({ id: "ResolveJob" });
export type ResolveJobBody = z.infer<typeof resolveJobSchema>;

/** A header `Idempotency-Key`: printable, and short enough to index. */
export const idempotencyKeySchema = z
	.string()
	.regex(/^[\x21-\x7e]{1,255}$/, "is 1 to 255 printable ASCII characters");
