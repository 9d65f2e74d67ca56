import type { Ringer } from "@reelay/shared/queue/rings";
import type { Racepoint } from "@reelay/shared/runtime/racepoint";
import type { Database } from "@reelay/shared/store/database";
import {
	claimRingsDue,
	type DueRing,
	forgetRings,
} from "@reelay/shared/store/ready";
import { passRows, type Sweep } from "./every.ts";

export type BellSweepDeps = {
	db: Database;
	ringer: Pick<Ringer, "enqueueAndWait" | "hasForgotten">;
	/** Wakes this worker's own claimers; what keeps work flowing when the bell is broken. */
	wakeSubmitter: () => void;
	wakeDeliverer: () => void;
	/** Nothing in production; where a test stops the process. */
	racepoint?: Racepoint | undefined;
};

// With 500 jobs each, a pass rings for 5,000, so that 10,000 that lost their rings have them again in two.
const maxBatches = 10;

/** Rings for what is due, batch by batch, until nothing is or the engine takes no more. */
async function ringDue({
	db,
	ringer,
	racepoint,
}: BellSweepDeps): Promise<number> {
	let rung = 0;
	let last: DueRing | undefined;
	for (let n = 0; n < maxBatches; n += 1) {
		const due = await claimRingsDue(db, passRows, last);
		rung += due.length;
		await racepoint?.("rings.hinted");
		const ids = due.map(({ id }) => id);
		const wasTaken = await ringer.enqueueAndWait("submit", ids);
		if (!wasTaken || due.length < passRows) break;
		last = due.at(-1);
	}
	return rung;
}

/** What makes up for a bell that is slow, broken or has forgotten. */
export function createBellSweeps(deps: BellSweepDeps): Sweep[] {
	return [
		// Not a repair: what this worker itself can find needs no ring. Apart from the ring sweep, which waits for a bell that
		// does not answer.
		{
			name: "wake",
			everyMs: 1_000,
			async pass() {
				deps.wakeSubmitter();
				deps.wakeDeliverer();
				return 0;
			},
		},
		// Repairs: a ring that was lost, and a bell that has lost them all.
		{
			name: "ring",
			everyMs: 1_000,
			isRoutine: true,
			async pass() {
				if (await deps.ringer.hasForgotten()) await forgetRings(deps.db);
				return ringDue(deps);
			},
		},
	];
}
