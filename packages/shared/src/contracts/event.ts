import type { JsonObject } from "../domain/actions/action.ts";
import type { Instant, JobRecord } from "../domain/job-record.ts";
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

/** What is stored of an event: the row of its job as it was then, or, where it is about no job, the data as it is sent. */
export type StoredEvent = {
	type: string;
	at: Instant;
	job_id: string | null;
	snapshot: JobRecord | JsonObject;
};

/** The `data` of an event: the job exactly as GET showed it then. */
export function dataOf({ job_id, snapshot }: StoredEvent) {
	return job_id === null ? snapshot : presentJob(snapshot as JobRecord);
}
