import type { Logger } from "@reelay/shared/runtime/logger";
import type { Database } from "@reelay/shared/store/database";
import { createSweeps } from "../sweep/sweeps.ts";

export type PassOptions = {
	db: Database;
	logger: Logger;
	/** What the bell says of the rings that it is given. */
	bell?: Promise<boolean>;
	hasForgotten?: boolean;
	/** The submissions that this worker waits for. */
	held?: string[];
};

/** One pass of the named sweep, and what it repaired, rang for and woke. */
export async function passSweep(name: string, options: PassOptions) {
	const { db, logger, bell = true, hasForgotten = false, held = [] } = options;
	const seen = { rung: [] as string[], submitter: 0, deliverer: 0 };
	const sweeps = createSweeps({
		db,
		logger,
		heldSubmissions: () => held,
		ringer: {
			async enqueueAndWait(_kind, ids) {
				seen.rung.push(...ids);
				return bell;
			},
			hasForgotten: async () => hasForgotten,
		},
		retention: { jobsS: null, eventsS: null, auditS: null },
		onPruned: () => {},
		wakeSubmitter: () => {
			seen.submitter += 1;
		},
		wakeDeliverer: () => {
			seen.deliverer += 1;
		},
	});
	const sweep = sweeps.find((one) => one.name === name);
	if (sweep === undefined) throw new Error(`there is no sweep ${name}`);
	const repaired = await sweep.pass();
	return { ...seen, repaired };
}
