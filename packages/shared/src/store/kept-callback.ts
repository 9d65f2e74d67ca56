import { Prisma } from "@reelay/prisma/client";
import {
	type CallbackOutcome,
	callbackIdDigits,
} from "../domain/callback-record.ts";

/** What a report says of a submission's task, and on whose word. */
type Claimed = {
	/** Null where the answer to the POST said it. */
	callback: ReceivedCallback | null;
	adopts?: boolean | undefined;
};

/** A callback as it is kept: bytes told apart by their hash, text redacted. */
export type ReceivedCallback = { bodySha: Buffer; body: string; kind: string };

/** The row of a callback; all are null when the same bytes were kept before, with the same end. */
export type KeptCallback = {
	callback_id: bigint | null;
	callback_outcome: CallbackOutcome | null;
	callback_reason: string | null;
};

/**
 * Whether a report is another task's than that of the submission in the CTE `before`, and matches nothing. An operator
 * may say that it is ours all the same. An answer came on the connection that sent this very submission, so it is believed
 * whatever a callback has said before.
 */
export function namesOtherTask(
	{ callback, adopts }: Claimed,
	taskId: string | null,
): Prisma.Sql {
	return callback === null || adopts === true
		? Prisma.sql`false`
		: Prisma.sql`coalesce(before.provider_task_id <> ${taskId}, false)`;
}

/**
 * The CTEs that keep the callbacks of the CTE `heard` with what came of them, and tell their jobs' timelines of those that are
 * set aside. A row of it without a hash is no callback. The same bytes a second time leave the first row as it is, unless
 * that was set aside: then what they do now is what counts, so that sending them again and replaying what was kept are one
 * thing. Whoever finds the row taken up already gets none.
 */
export const keptCallbacks = Prisma.sql`
	kept as (
		insert into callback as held (submission_id, body_sha, body, kind, outcome, reason)
		select submission_id, body_sha, body, kind, outcome, reason from heard where body_sha is not null
		on conflict (submission_id, body_sha) do update set
			kind = excluded.kind, outcome = excluded.outcome, reason = excluded.reason,
			released_at = case when excluded.outcome <> 'quarantined' then now() end
		where held.outcome = 'quarantined'
			and (excluded.outcome, excluded.reason) is distinct from (held.outcome, held.reason)
		returning id, submission_id, kind, outcome, reason),
	alarmed as (
		insert into timeline (job_id, type, data)
		select job.id, 'callback_quarantined', jsonb_build_object('submission', kept.submission_id,
			'callback', 'cb_' || lpad(kept.id::text, greatest(${callbackIdDigits}::int, length(kept.id::text)), '0'),
			'kind', kept.kind, 'reason', kept.reason)
		from kept cross join lateral (
			select job.id from submission join job on job.id = job_id
			where submission.id = kept.submission_id and kept.outcome = 'quarantined' for no key update of job) as job
		returning job_id)`;

/** The same of one callback, if there is one. */
export const keptCallback = (
	submissionId: string,
	callback: ReceivedCallback | null,
	end: { outcome: Prisma.Sql; reason: Prisma.Sql },
): Prisma.Sql => Prisma.sql`
	heard as (
		select ${submissionId}::text as submission_id, ${callback?.bodySha ?? null}::bytea as body_sha,
			${callback?.body ?? null}::text as body, ${callback?.kind ?? null}::text as kind,
			${end.outcome} as outcome, ${end.reason} as reason),
	${keptCallbacks}`;

/** What the CTE `kept` is read by. */
export const keptColumns = Prisma.sql`
	(select id from kept) as callback_id, (select outcome from kept) as callback_outcome,
	(select reason from kept) as callback_reason`;
