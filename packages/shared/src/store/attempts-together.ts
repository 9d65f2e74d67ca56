import {
	type AttemptRecord,
	recordAttempt,
	recordAttempts,
} from "./attempts.ts";
import {
	type Database,
	isStatementGivenUp,
	isStatementUndone,
} from "./database.ts";
import { shareStatement } from "./together.ts";

/** Writes one attempt down; what `recordAttempt` promises, it promises. */
export type AttemptRecorder = (record: AttemptRecord) => Promise<string | null>;

/**
 * A `recordAttempt` whose concurrent callers share a statement and its commit. Attempts that say nothing bad of an endpoint go
 * together, for they lock no endpoint that is well; a failure locks its endpoint until the commit, and waits for others
 * that do, so that the failures of one URL go by themselves and hold up no other. Where the statement is undone or given
 * up, each attempt is written by itself: to write one again changes nothing. Any other failure is every caller's, and
 * their leases run out.
 */
export function createAttemptRecorder(db: Database): AttemptRecorder {
	return shareStatement<AttemptRecord, string | null>({
		nameOf: ({ verdict, url }) =>
			verdict === "healthy" || verdict === "none" ? "" : url,
		// One is written while the next gathers; more at once would only make the groups smaller.
		maxInFlight: 2,
		maxItems: 64,
		together: async (records) =>
			isEachOfItsOwn(records) ? recordAttempts(db, records) : [],
		alone: (record) => recordAttempt(db, record),
		mayRepeat: (error) => isStatementUndone(error) || isStatementGivenUp(error),
	});
}

/** A worker that overtook itself has two attempts of one delivery, of which one statement would move it by either. */
function isEachOfItsOwn(records: readonly AttemptRecord[]): boolean {
	const ids = new Set(records.map(({ deliveryId }) => deliveryId));
	return ids.size === records.length;
}
