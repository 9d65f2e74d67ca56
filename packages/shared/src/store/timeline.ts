import type { JsonObject } from "../domain/actions/action.ts";
import type { Database } from "./database.ts";

export type TimelineEntry = {
	id: bigint;
	type: string;
	data: JsonObject;
	at: Date;
};

/** A job's history in the order in which it was written, after the given entry. */
export async function listTimeline(
	db: Database,
	query: { jobId: string; afterId: bigint; limit: number },
): Promise<TimelineEntry[]> {
	return db.$queryRaw<TimelineEntry[]>`
		select id, type, data, at from timeline
		where job_id = ${query.jobId} and id > ${query.afterId} order by id limit ${query.limit}::int`;
}
