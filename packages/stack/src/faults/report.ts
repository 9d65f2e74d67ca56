import { appendFileSync } from "node:fs";
import { inject } from "vitest";

declare module "vitest" {
	interface ProvidedContext {
		/** Where rows of the fault table are gathered, or the empty string. */
		faultReport: string;
	}
}

/** One row of the fault table: its number in the list of faults, if it has one, and what held. */
export type FaultRow = {
	/** Null for what no number of the list names; such rows come last. */
	row: number | null;
	fault: string;
	bell: string;
	invariants: string;
	/** From the fault, or its end, to the state in which all held again. */
	recoveryMs: number | null;
	/** What was counted, in a few words. */
	notes?: string;
};

/** Adds a row to the table that `npm run test:faults` prints; called at the end of a test, once everything held. */
export function reportFault(row: FaultRow): void {
	const file = inject("faultReport");
	if (file !== "") appendFileSync(file, `${JSON.stringify(row)}\n`);
}
