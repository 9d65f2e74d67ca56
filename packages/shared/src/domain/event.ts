/**
 * The facts that a customer may hear about a job. `video.` and its name tells of each
 * final state, and those go to the job's own `webhook_url`.
 */
export const eventTypes = [
	"video.succeeded",
	"video.failed",
	"video.cancelled",
	"video.expired",
	"video.surplus_result",
] as const;
export type EventType = (typeof eventTypes)[number];
