import { z } from "zod";
import { submissionStates } from "../domain/submission.ts";
import type { SubmissionRecord } from "../domain/submission-record.ts";
import { idSchema, instant } from "./ids.ts";
import {
	charged,
	jobErrorSchema,
	jobResultSchema,
	presentResult,
} from "./job-view.ts";

/** One POST to the provider for a job. */
export const submissionSchema = z
	.strictObject({
		id: idSchema("submission"),
		n: z.int().meta({ description: "The job's first is 1." }),
		state: z.enum(submissionStates),
		task_id: z.string().nullable().meta({
			description: "The provider's name for it.",
		}),
		http_status: z.int().nullable(),
		cost: z.strictObject({ points: z.int().nullable(), charged }),
		result: jobResultSchema.nullable(),
		error: jobErrorSchema.omit({ charged: true }).nullable(),
		submitted_at: instant,
		answered_at: instant.nullable(),
		callback_due_at: instant,
		overdue_at: instant.nullable(),
		settled_at: instant.nullable(),
	})
	.meta({ id: "Submission" });

/** A submission as the API shows it: what was sent when, what the provider made of it, and what it cost. */
export function presentSubmission(
	submission: SubmissionRecord,
): z.infer<typeof submissionSchema> {
	const { state, output, error, settled_at } = submission;
	return {
		id: submission.id,
		n: submission.n,
		state,
		task_id: submission.provider_task_id,
		http_status: submission.http_status,
		cost: {
			points: output?.cost_points ?? null,
			charged: submission.charged,
		},
		result:
			state === "succeeded" && output !== null && settled_at !== null
				? presentResult({ ...output, received_at: settled_at })
				: null,
		error: error as z.infer<typeof submissionSchema>["error"],
		submitted_at: submission.intent_at.toISOString(),
		answered_at: iso(submission.answered_at),
		callback_due_at: submission.callback_due_at.toISOString(),
		overdue_at: iso(submission.overdue_at),
		settled_at: iso(settled_at),
	};
}

function iso(instant: Date | null): string | null {
	return instant?.toISOString() ?? null;
}
