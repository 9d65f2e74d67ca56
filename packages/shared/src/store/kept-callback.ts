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
 * The CTEs that keep a callback, if there is one, with what came of it, and tell the job's timeline when it is set aside. The same bytes a
 * second time leave the first row as it is, unless that was set aside: then what they do now is what counts, so that
 * sending them again and replaying what was kept are one thing. Whoever finds the row taken up already gets none.
 */
export function keptCallback(
	submissionId: string,
	callback: ReceivedCallback | null,
	end: { outcome: Prisma.Sql; reason: Prisma.Sql },
): Prisma.Sql {
	if (callback === null) {
		return Prisma.sql`kept as (select null::bigint as id, null::text as outcome, null::text as reason)`;
	}
	return Prisma.sql`kept as (
		insert into callback as held (submission_id, body_sha, body, kind, outcome, reason)
		select ${submissionId}, ${callback.bodySha}, ${callback.body}, ${callback.kind}, ${end.outcome}, ${end.reason}
		on conflict (submission_id, body_sha) do update set
			kind = excluded.kind, outcome = excluded.outcome, reason = excluded.reason,
			released_at = case when excluded.outcome <> 'quarantined' then now() end
		where held.outcome = 'quarantined'
			and (excluded.outcome, excluded.reason) is distinct from (held.outcome, held.reason)
		returning id, kind, outcome, reason),
	alarmed as (
		insert into timeline (job_id, type, data)
		select job.id, 'callback_quarantined', jsonb_build_object('submission', ${submissionId}::text,
			'callback', 'cb_' || lpad(kept.id::text, greatest(${callbackIdDigits}::int, length(kept.id::text)), '0'),
			'kind', kept.kind, 'reason', kept.reason)
		from kept cross join lateral (
			select job.id from submission join job on job.id = job_id
			where submission.id = ${submissionId} and kept.outcome = 'quarantined' for no key update of job) as job
		returning job_id)`;
}

/** What the CTE `kept` is read by. */
export const keptColumns = Prisma.sql`
	(select id from kept) as callback_id, (select outcome from kept) as callback_outcome,
	(select reason from kept) as callback_reason`;
