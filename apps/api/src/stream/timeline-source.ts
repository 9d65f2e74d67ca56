import { isFinal, type JobState, jobStates } from "@reelay/shared/domain/job";
import type { Database } from "@reelay/shared/store/database";
import {
	listTimelines,
	type TimelineEntry,
} from "@reelay/shared/store/timeline";
import { presentEntry } from "../timeline-view.ts";
import type { News, Place, Source } from "./source.ts";
import { messageOf } from "./sse.ts";

type Row = TimelineEntry & { job_id: string };

/** The timelines of jobs; the key is the job's id. An entry that tells of a final state is followed by the end. */
export function timelineSource(db: Database): Source<Row> {
	return {
		kind: "timeline",
		async read({ readers, limit }) {
			const rows = await listTimelines(db, {
				readers: readers.map(({ key, after }) => ({
					jobId: key,
					afterId: after.position,
				})),
				limit,
			});
			const news = new Map<string, News<Row>>(
				readers.map(({ key, after }) => [
					key,
					{ rows: [], upTo: after, hasMore: false, hasGap: false },
				]),
			);
			for (const row of rows) {
				const one = news.get(row.job_id);
				if (one === undefined) continue;
				one.rows.push(row);
				one.upTo = behindEntry(row.id);
				one.hasMore = one.rows.length === limit;
			}
			return news;
		},
		present: (row) => ({
			place: behindEntry(row.id),
			type: row.type,
			bytes: messageOf({
				id: String(row.id),
				event: row.type,
				data: presentEntry(row),
			}),
			lastWords: isFinalEntry(row.type) ? endOf(row.job_id, row.type) : null,
		}),
	};
}

/** The place behind an entry of a timeline, whose ids are its order. */
export function behindEntry(id: bigint): Place {
	return { position: id, id: "" };
}

/** The message after which nothing comes: a client closes the stream, where an EventSource would connect again. */
export function endOf(jobId: string, state: string): Buffer {
	return messageOf({ event: "end", data: { job_id: jobId, state } });
}

/** A job's last state is an entry of that name, written by the statement that ended it. */
function isFinalEntry(type: string): boolean {
	return jobStates.includes(type as JobState) && isFinal(type as JobState);
}
