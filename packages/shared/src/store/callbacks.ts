import { Prisma } from "@reelay/prisma/client";
import type { CallbackFacts } from "../domain/callback-forecast.ts";
import type { CallbackRecord } from "../domain/callback-record.ts";
import type { Database } from "./database.ts";
import {
	type KeptCallback,
	keptCallback,
	keptColumns,
	type ReceivedCallback,
} from "./kept-callback.ts";

/**
 * Keeps a callback that we cannot act on, with the reason, so that it can be replayed once the parser understands it, and
 * says so in the job's timeline. The row is null when the same bytes were kept before.
 */
export async function quarantineCallback(
	db: Database,
	submissionId: string,
	callback: ReceivedCallback & { reason: string },
): Promise<KeptCallback & { job_id: string | null }> {
	const kept = keptCallback(submissionId, callback, {
		outcome: Prisma.sql`'quarantined'`,
		reason: Prisma.sql`${callback.reason}::text`,
	});
	const [row] = await db.$queryRaw<
		(KeptCallback & { job_id: string | null })[]
	>`with ${kept} select ${keptColumns}, (select job_id from alarmed) as job_id`;
	if (row === undefined) throw new Error("the keeping statement gave no row");
	return row;
}

const columns = Prisma.sql`
	callback.id, callback.submission_id, job.id as job_id, job.tenant_id, job.state as job_state,
	job.cancel_requested_at is not null as is_cancel_requested,
	submission.state as submission_state, submission.provider_task_id, callback.kind, callback.outcome, callback.reason,
	callback.body, callback.body_sha, callback.received_at, callback.released_at`;
const joined = Prisma.sql`
	callback left join submission on submission.id = callback.submission_id left join job on job.id = submission.job_id`;

/** Everything that the provider has called back about a job, in the order in which it came, after the given one. */
export async function listCallbacksOfJob(
	db: Database,
	query: { jobId: string; afterId: bigint; limit: number },
): Promise<CallbackRecord[]> {
	return db.$queryRaw<CallbackRecord[]>`
		select ${columns} from submission join job on job.id = submission.job_id
			join callback on callback.submission_id = submission.id
		where submission.job_id = ${query.jobId} and callback.id > ${query.afterId}
		order by callback.id limit ${query.limit}::int`;
}

/** Which of the callbacks that are set aside are meant; what is null narrows nothing. */
export type QuarantineFilter = {
	/** Whose jobs; null is everybody's, and what belongs to no job. */
	tenantId: string | null;
	/** A part of the reason, in any case. */
	reason: string | null;
	since: Date | null;
	until: Date | null;
	/** Only those whose job is not final: a result may wait in them. */
	isWaiting: boolean;
	submissionId: string | null;
};

/** The callbacks that are set aside, in the order in which they came, after the given one. Index: callback_quarantined_idx. */
export async function listQuarantined(
	db: Database,
	filter: QuarantineFilter,
	page: { afterId: bigint; limit: number },
): Promise<CallbackRecord[]> {
	return db.$queryRaw<CallbackRecord[]>`
		select ${columns} from ${joined}
		where callback.outcome = 'quarantined' and callback.id > ${page.afterId} and ${isMeant(filter)}
		order by callback.id limit ${page.limit}::int`;
}

/** How many of them come after the given one. */
export async function countQuarantinedAfter(
	db: Database,
	filter: QuarantineFilter,
	afterId: bigint,
): Promise<number> {
	const rows = await db.$queryRaw<{ count: number }[]>`
		select count(*)::int as count from ${joined}
		where callback.outcome = 'quarantined' and callback.id > ${afterId} and ${isMeant(filter)}`;
	return rows[0]?.count ?? 0;
}

function isMeant(filter: QuarantineFilter): Prisma.Sql {
	const { tenantId, reason, since, until, isWaiting, submissionId } = filter;
	const asked = [
		tenantId === null ? null : Prisma.sql`job.tenant_id = ${tenantId}`,
		reason === null
			? null
			: Prisma.sql`strpos(lower(callback.reason), lower(${reason})) > 0`,
		since === null ? null : Prisma.sql`callback.received_at >= ${since}`,
		until === null ? null : Prisma.sql`callback.received_at < ${until}`,
		isWaiting ? Prisma.sql`job.live` : null,
		submissionId === null
			? null
			: Prisma.sql`callback.submission_id = ${submissionId}`,
	].filter((part) => part !== null);
	return asked.length === 0 ? Prisma.sql`true` : Prisma.join(asked, " and ");
}

/** A callback, whatever came of it: of the tenant, or of anybody when that is null. Null when there is none. */
export async function findCallback(
	db: Database,
	tenantId: string | null,
	id: bigint,
): Promise<CallbackRecord | null> {
	const isOwned =
		tenantId === null
			? Prisma.sql`true`
			: Prisma.sql`job.tenant_id = ${tenantId}`;
	const rows = await db.$queryRaw<CallbackRecord[]>`
		select ${columns} from ${joined} where callback.id = ${id} and ${isOwned}`;
	return rows[0] ?? null;
}

/** What a callback that is not in the database is about; the submission may be none of ours. */
export async function findCallbackFacts(
	db: Database,
	submissionId: string,
): Promise<CallbackFacts & Pick<CallbackRecord, "tenant_id" | "job_id">> {
	const rows = await db.$queryRaw<
		(CallbackFacts & Pick<CallbackRecord, "tenant_id" | "job_id">)[]
	>`
		select job.id as job_id, job.tenant_id, job.state as job_state,
			job.cancel_requested_at is not null as is_cancel_requested, submission.state as submission_state, provider_task_id
		from submission join job on job.id = job_id where submission.id = ${submissionId}`;
	return (
		rows[0] ?? {
			job_id: null,
			tenant_id: null,
			job_state: null,
			is_cancel_requested: false,
			submission_state: null,
			provider_task_id: null,
		}
	);
}

// Beyond this many the number says nothing more, and somebody waits for it.
const countLimit = 10_000;

/**
 * How many callbacks are set aside, by what has become of their job: `live` when a result may wait in them, `final`, or
 * `none` where there is no such submission. Index: callback_quarantined_idx.
 */
export async function countQuarantined(
	db: Database,
): Promise<Record<"live" | "final" | "none", number>> {
	const rows = await db.$queryRaw<{ job: string; count: number }[]>`
		with quarantined as (
			select submission_id from callback where outcome = 'quarantined' order by id desc limit ${countLimit}::int)
		select case when job.id is null then 'none' when job.live then 'live' else 'final' end as job,
			count(*)::int as count
		from quarantined left join submission on submission.id = submission_id left join job on job.id = submission.job_id
		group by 1`;
	const counted = Object.fromEntries(rows.map((row) => [row.job, row.count]));
	return { live: 0, final: 0, none: 0, ...counted };
}
