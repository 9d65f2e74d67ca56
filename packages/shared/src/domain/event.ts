import type { JobState } from "./job.ts";

/** The facts that a customer may hear about a job. The final ones go to the job's own `webhook_url`. */
export const eventTypes = [
	"video.succeeded",
	"video.failed",
	"video.cancelled",
	"video.expired",
	"video.surplus_result",
] as const;
export type EventType = (typeof eventTypes)[number];

/** The event that tells of a final state. */
export function finalEventType(state: JobState): EventType {
	const type = `video.${state}`;
	if (!(eventTypes as readonly string[]).includes(type)) {
		throw new Error(`${state} is not a final state`);
	}
	return type as EventType;
}
