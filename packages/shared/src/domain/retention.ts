/**
 * What is removed once it is older than is kept, in the order in which it has its turn: jobs that belong to no batch, whole
 * batches with their jobs, events, callbacks of no submission, replays, the audit log, keys that ended, and the counters of
 * budgets' past periods.
 */
export const pruneKinds = [
	"jobs",
	"batches",
	"events",
	"callbacks",
	"replays",
	"audit",
	"keys",
	"budgets",
] as const;
export type PruneKind = (typeof pruneKinds)[number];

/** For how many seconds what has ended is kept; null is for ever. */
export type Retention = {
	/** Jobs and batches with all that belongs to them, from their end on. */
	jobsS: number | null;
	/** Events with their deliveries and attempts, and replays. */
	eventsS: number | null;
	/** The audit log, and keys that ended. */
	auditS: number | null;
};

/** No setting may be shorter: by then every key is free, every late callback has come, and every schedule has been tried. */
export const minRetentionDays = 7;
export const dayS = 24 * 60 * 60;

/** For how long rows of this kind are kept. */
export function retentionOf(
	kind: PruneKind,
	{ jobsS, eventsS, auditS }: Retention,
): number | null {
	switch (kind) {
		case "jobs":
		case "batches":
		case "callbacks":
		case "budgets":
			return jobsS;
		case "events":
		case "replays":
			return eventsS;
		case "audit":
		case "keys":
			return auditS;
	}
}

// All that removes together takes an eleventh of the time at most, however slow the database is.
const restFactor = 10;
const roundRestMs = 600_000;

/** Where a walk over one kind is: behind this id, or at its beginning. */
export type PrunePlace = { kind: PruneKind; afterId: string };

/**
 * Where to go on after a step, and how long to rest before that. A kind is walked from its oldest row to the first that is
 * too young, past those that must stay; then it is the next kind's turn, and after the last a longer rest.
 */
export function decideNextPrune(
	place: PrunePlace,
	step: { lastId: string | null; tookMs: number },
): PrunePlace & { restMs: number } {
	const restMs = Math.ceil(step.tookMs * restFactor);
	if (step.lastId !== null) {
		return { kind: place.kind, afterId: step.lastId, restMs };
	}
	const next = pruneKinds[pruneKinds.indexOf(place.kind) + 1];
	return next === undefined
		? {
				kind: pruneKinds[0],
				afterId: "",
				restMs: Math.max(restMs, roundRestMs),
			}
		: { kind: next, afterId: "", restMs };
}
