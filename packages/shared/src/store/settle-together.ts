import { type Database, isStatementUndone } from "./database.ts";
import {
	type Settled,
	type Settlement,
	settleSubmission,
	settleSubmissions,
} from "./settle.ts";
import { shareStatement } from "./together.ts";

/** Applies one report; what `settleSubmission` promises, it promises. */
export type Settler = (report: Settlement) => Promise<Settled>;

/**
 * A `settleSubmission` whose concurrent callers share a statement and its commit. Where a row is refused, which undoes all of
 * it, each report is applied by itself, and so is one that another of the same job stood before. Any other failure is every
 * caller's: to apply a report again is always safe, and theirs to decide.
 */
export function createSettler(db: Database): Settler {
	return shareStatement<Settlement, Settled>({
		nameOf: () => "settle",
		maxInFlight: 3,
		maxItems: 32,
		together: (reports) => settleSubmissions(db, reports),
		alone: (report) => settleSubmission(db, report),
		mayRepeat: isStatementUndone,
	});
}
