import {
	type CallbackOutcome,
	type CallbackRecord,
	callbackId,
} from "../domain/callback-record.ts";
import type { JobState } from "../domain/job.ts";

// The upstream's envelope repeats a request of at most this much.
const bodyLimit = 64 * 1024;

/** What the provider called back with, word for word but for what was a secret, and what came of it. */
export function presentCallback(callback: CallbackRecord) {
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
export function presentOperatorsCallback(callback: CallbackRecord, now: Date) {
	const self = `/v1/callbacks/${callbackId(callback.id)}`;
	const ageMs = now.getTime() - callback.received_at.getTime();
	return {
		...presentCallback(callback),
		age_s: Math.max(0, Math.round(ageMs / 1000)),
		job_id: callback.job_id,
		job_state: callback.job_state,
		submission_state: callback.submission_state,
		/** What an adopted callback's own task id is measured against. */
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
	outcome: CallbackOutcome;
	reason: string | null;
	job_state: JobState | null;
	isApplied: boolean;
}) {
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
