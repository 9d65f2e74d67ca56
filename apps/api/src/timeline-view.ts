import type { TimelineEntry } from "@reelay/shared/store/timeline";

/** An entry of a job's timeline as the API shows it. */
export function presentEntry({ id, type, at, data }: TimelineEntry) {
	return { id: String(id), type, at: at.toISOString(), data };
}
