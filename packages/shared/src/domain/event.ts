/** One kind of fact that a customer may hear of, and whether the job's own `webhook_url` hears of it too. */
export type EventKind = { tells: string; isFinal: boolean };

/**
 * The catalogue. `video.` and a state tells that a job came into it. A type is never given another meaning: where its data
 * has to change in a way that breaks a reader, a new type takes its place.
 */
export const eventKinds = {
	"video.queued": also("The job was accepted and waits to be submitted."),
	"video.rendering": also("The provider took the job."),
	"video.succeeded": final("The video is there, at the job's result.urls."),
	"video.failed": final("There is no video; the job's error says why."),
	"video.cancelled": final("The job ended because somebody asked for it."),
	"video.expired": final("The job was not submitted by its start_by."),
	"video.overdue": also(
		"No result came in time; one that comes within a day still counts.",
	),
	"video.surplus_result": also(
		"A second video arrived for a job that had ended; its cost is in the job's.",
	),
	"batch.finished": final("Every job of the batch has ended."),
	"webhook.ping": also("Somebody asked whether this endpoint can be reached."),
} as const satisfies Record<string, EventKind>;

export type EventType = keyof typeof eventKinds;
export const eventTypes = Object.keys(eventKinds) as EventType[];

function final(tells: string): EventKind {
	return { tells, isFinal: true };
}

function also(tells: string): EventKind {
	return { tells, isFinal: false };
}

/** What an endpoint hears when it does not say: that jobs have ended. */
export const defaultEventFilters: readonly string[] = eventTypes.filter(
	(type) => eventKinds[type].isFinal,
);

/** Whether a filter takes a type: its name, the beginning of it as in `video.*`, or `*` for every one. */
export function matchesFilter(filter: string, type: string): boolean {
	if (filter === "*" || filter === type) return true;
	return filter.endsWith(".*") && type.startsWith(filter.slice(0, -1));
}

/** The types that a filter may name: a filter that takes none is a mistake. */
export function takesAny(filter: string): boolean {
	return eventTypes.some((type) => matchesFilter(filter, type));
}
