import type { JsonObject } from "../domain/actions/action.ts";
import type { TalliedBatch } from "../domain/batch-record.ts";
import type { Instant, JobRecord } from "../domain/job-record.ts";
import { presentBatch } from "./batch-view.ts";
import { presentJob } from "./job-view.ts";

/**
 * The body of a delivery, as text: what is signed is what is sent. It depends on the event alone, so every attempt
 * sends the same bytes.
 */
export function eventBody(event: StoredEvent): string {
	return JSON.stringify({
		type: event.type,
		timestamp: new Date(event.at).toISOString(),
		data: dataOf(event),
	});
}

/** What is stored of an event: the row of its job or batch as it was then, or, where it is about neither, the data as it is sent. */
export type StoredEvent = {
	type: string;
	at: Instant;
	job_id: string | null;
	snapshot: JobRecord | TalliedBatch | JsonObject;
};

/** The `data` of an event: the job, or the batch, exactly as GET showed it then. */
export function dataOf({ job_id, snapshot }: StoredEvent) {
	if (job_id !== null) return presentJob(snapshot as JobRecord);
	return isTallied(snapshot) ? presentBatch(snapshot) : snapshot;
}

/** A batch's row with what its jobs come to; a sample is stored as it is sent. */
function isTallied(snapshot: object): snapshot is TalliedBatch {
	return "tally" in snapshot;
}
