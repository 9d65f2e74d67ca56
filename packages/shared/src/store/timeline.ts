import type { JsonObject } from "../domain/actions/action.ts";
import type { Database } from "./database.ts";

export type TimelineEntry = {
	id: bigint;
	type: string;
	data: JsonObject;
	at: Date;
};

/**
 * A job's history in the order in which it was written, after the given entry. Every statement that writes an entry holds
 * the lock of its job's row before the entry has an id, so of one job no smaller id is ever committed after a larger one; of
 * different jobs it may be.
 */
export async function listTimeline(
	db: Database,
	query: { jobId: string; afterId: bigint; limit: number },
): Promise<TimelineEntry[]> {
	return db.$queryRaw<TimelineEntry[]>`
		select id, type, data, at from timeline
		where job_id = ${query.jobId} and id > ${query.afterId} order by id limit ${query.limit}::int`;
}

/** The newest entry of a job; 0 where there is none. */
export async function findLastEntryId(
	db: Database,
	jobId: string,
): Promise<bigint> {
	const rows = await db.$queryRaw<{ id: bigint }[]>`
		select id from timeline where job_id = ${jobId} order by id desc limit 1`;
	return rows[0]?.id ?? 0n;
}

/** The next entries of several jobs, each after an entry of its own: at most `limit` for each. Index: timeline_job_id_id_idx. */
export async function listTimelines(
	db: Database,
	query: {
		readers: readonly { jobId: string; afterId: bigint }[];
		limit: number;
	},
): Promise<(TimelineEntry & { job_id: string })[]> {
	const { readers, limit } = query;
	return db.$queryRaw<(TimelineEntry & { job_id: string })[]>`
		select reader.job_id, entry.* from unnest(
			${readers.map(({ jobId }) => jobId)}::text[],
			${readers.map(({ afterId }) => String(afterId))}::text[]::bigint[]) as reader (job_id, after_id)
		cross join lateral (
			select id, type, data, at from timeline
			where timeline.job_id = reader.job_id and timeline.id > reader.after_id
			order by timeline.id limit ${limit}::int) as entry
		order by entry.id`;
}
