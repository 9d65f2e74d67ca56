import { createGather, type Outcome } from "../gather/gather.ts";
import { type Database, isStatementUndone } from "./database.ts";
import {
	type Settled,
	type Settlement,
	settleSubmission,
	settleSubmissions,
} from "./settle.ts";

/** Applies one report; what `settleSubmission` promises, it promises. */
export type Settler = (report: Settlement) => Promise<Settled>;

const maxInFlight = 3;
const maxItems = 32;

/**
 * A `settleSubmission` whose concurrent callers share a statement and its commit. Where a row is refused, which undoes all of
 * it, each report is applied by itself, and so is one that another of the same job stood before. Any other failure is every
 * caller's: to apply a report again is always safe, and theirs to decide.
 */
export function createSettler(db: Database): Settler {
	const alone = (report: Settlement) => settleSubmission(db, report);
	return createGather<Settlement, Settled>({
		nameOf: () => "settle",
		maxInFlight,
		maxItems,
		async flush(reports): Promise<Outcome<Settled>[]> {
			try {
				const settled = await settleSubmissions(db, reports);
				return await Promise.allSettled(
					reports.map((report, n) => settled[n] ?? alone(report)),
				);
			} catch (error) {
				if (reports.length === 1 || !isStatementUndone(error)) throw error;
				return Promise.allSettled(reports.map(alone));
			}
		},
	});
}
