import type { Logger } from "@reelay/shared/runtime/logger";

export type Sweep = {
	name: string;
	everyMs: number;
	/** One pass: repairs a bounded number of rows, and returns how many. */
	pass: () => Promise<number>;
	/** It finds rows while all is well, so what it did is no news. */
	isRoutine?: boolean;
};

/** A pass takes at most this many rows, so that its locks are short; the next pass takes the rest. */
export const passRows = 500;

// A look that finds nothing takes this part of the time at most, however long one look takes, as beside a transaction that
// keeps every former row; and none is put off for more than this many intervals.
const restFactor = 10;

/**
 * The one loop of all sweeps. Passes of one sweep never overlap; each that has repaired something has a line in the log, and
 * one that fails has another and is tried again at its next turn. `stop` waits for passes under way.
 */
export function startSweeps(
	sweeps: readonly Sweep[],
	deps: { logger: Logger; onPass: (sweep: string, repaired: number) => void },
): { stop(): Promise<void> } {
	let stopping = false;
	const turns = new Map<
		string,
		{ timer?: NodeJS.Timeout; run?: Promise<void> }
	>();

	/** Returns for how many milliseconds the sweep rests. */
	async function runOnce(sweep: Sweep): Promise<number> {
		const startedAt = Date.now();
		try {
			const rows = await sweep.pass();
			deps.onPass(sweep.name, rows);
			if (rows > 0) {
				const level = sweep.isRoutine ? "debug" : "info";
				deps.logger[level]({ sweep: sweep.name, rows }, "sweep.repaired");
				return sweep.everyMs;
			}
		} catch (error) {
			deps.logger.error({ sweep: sweep.name, err: error }, "sweep.failed");
		}
		const took = Math.min(Date.now() - startedAt, sweep.everyMs);
		return Math.max(sweep.everyMs, restFactor * took);
	}

	function schedule(sweep: Sweep, restMs = sweep.everyMs): void {
		if (stopping) return;
		const turn = turns.get(sweep.name) ?? {};
		turns.set(sweep.name, turn);
		turn.timer = setTimeout(() => {
			turn.run = runOnce(sweep).then((rest) => schedule(sweep, rest));
		}, restMs);
	}

	for (const sweep of sweeps) schedule(sweep);
	return {
		async stop() {
			stopping = true;
			for (const { timer } of turns.values()) clearTimeout(timer);
			await Promise.allSettled([...turns.values()].map(({ run }) => run));
		},
	};
}
