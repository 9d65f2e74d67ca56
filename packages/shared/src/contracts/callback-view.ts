import { z } from "zod";
import {
	type CallbackRecord,
	callbackId,
	callbackOutcomes,
} from "../domain/callback-record.ts";
import { type JobState, jobStates } from "../domain/job.ts";
import { submissionStates } from "../domain/submission.ts";
import { callbackIdSchema, idSchema, instant } from "./ids.ts";

// The upstream's envelope repeats a request of at most this much.
const bodyLimit = 64 * 1024;

const outcome = z.enum(callbackOutcomes).meta({
	description:
		"settled ended its submission, surplus brought a video after the job had ended, progress ended nothing, ignored came too late to change anything, and quarantined waits for somebody to understand it.",
});
const reason = z.string().nullable().meta({
	description: "Why it was set aside or changed nothing.",
});

/** What the provider called back with. */
export const callbackSchema = z
	.strictObject({
		id: callbackIdSchema,
		submission_id: z.string(),
		kind: z.string().meta({
			description:
				"What it was read as: succeeded, failed, progress, unreadable …",
		}),
		outcome,
		reason,
		received_at: instant,
		released_at: instant.nullable().meta({
			description: "When one that had been set aside was understood after all.",
		}),
		body: z.string().meta({
			description: "Word for word, but for what was a secret.",
		}),
		body_is_cut: z.boolean(),
	})
	.meta({ id: "Callback" });

/** A callback as an operator sees it. */
export const operatorsCallbackSchema = callbackSchema
	.extend({
		age_s: z
			.int()
			.meta({ description: "For how many seconds it has been here." }),
		job_id: idSchema("job").nullable(),
		job_state: z.enum(jobStates).nullable(),
		submission_state: z.enum(submissionStates).nullable(),
		known_task_id: z.string().nullable().meta({
			description:
				"What an adopted callback's own task id is measured against.",
		}),
		links: z.strictObject({
			self: z.string(),
			replay: z.string(),
			job: z.string().nullable(),
		}),
	})
	.meta({ id: "OperatorsCallback" });

/** A callback that was read again, or of a dry run would be. */
export const replayedCallbackSchema = z
	.strictObject({
		id: callbackIdSchema,
		submission_id: z.string(),
		job_id: idSchema("job").nullable(),
		was: z.strictObject({ outcome, reason }),
		kind: z.string(),
		outcome,
		reason,
		job_state: z.enum(jobStates).nullable().meta({
			description: "The job's state afterwards.",
		}),
		applied: z.boolean().meta({
			description: "Whether this reading changed anything.",
		}),
	})
	.meta({ id: "ReplayedCallback" });

/** What the provider called back with, word for word but for what was a secret, and what came of it. */
export function presentCallback(
	callback: CallbackRecord,
): z.infer<typeof callbackSchema> {
	const { body } = callback;
	return {
		id: callbackId(callback.id),
		submission_id: callback.submission_id,
		kind: callback.kind,
		outcome: callback.outcome,
		reason: callback.reason,
		received_at: callback.received_at.toISOString(),
		released_at: callback.released_at?.toISOString() ?? null,
		body: body.length <= bodyLimit ? body : body.slice(0, bodyLimit),
		body_is_cut: body.length > bodyLimit,
	};
}

/** The same for an operator: whose job it is about, what has become of that, and for how long it has been waiting. */
export function presentOperatorsCallback(
	callback: CallbackRecord,
	now: Date,
): z.infer<typeof operatorsCallbackSchema> {
	const self = `/v1/callbacks/${callbackId(callback.id)}`;
	const ageMs = now.getTime() - callback.received_at.getTime();
	return {
		...presentCallback(callback),
		age_s: Math.max(0, Math.round(ageMs / 1000)),
		job_id: callback.job_id,
		job_state: callback.job_state,
		submission_state: callback.submission_state,
		known_task_id: callback.provider_task_id,
		links: {
			self,
			replay: `${self}/replay`,
			job: callback.job_id === null ? null : `/v1/jobs/${callback.job_id}`,
		},
	};
}

/** A callback that was read again; of a dry run, `outcome` and `job_state` are what they would be. */
export function presentReplayed(replayed: {
	callback: CallbackRecord;
	kind: string;
	outcome: CallbackRecord["outcome"];
	reason: string | null;
	job_state: JobState | null;
	isApplied: boolean;
}): z.infer<typeof replayedCallbackSchema> {
	const { callback, kind, outcome, reason, job_state, isApplied } = replayed;
	return {
		id: callbackId(callback.id),
		submission_id: callback.submission_id,
		job_id: callback.job_id,
		was: { outcome: callback.outcome, reason: callback.reason },
		kind,
		outcome,
		reason,
		job_state,
		applied: isApplied,
	};
}
