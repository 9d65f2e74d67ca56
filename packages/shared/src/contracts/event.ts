import type { Instant, JobRecord } from "../domain/job-record.ts";
import { presentJob } from "./job-view.ts";

/**
 * The body of a delivery, as text: what is signed is what is sent. It depends on the event alone, so every attempt
 * sends the same bytes.
 */
export function eventBody(event: {
	type: string;
	at: Instant;
	snapshot: JobRecord;
}): string {
	return JSON.stringify({
		type: event.type,
		timestamp: new Date(event.at).toISOString(),
		data: presentJob(event.snapshot),
	});
}
