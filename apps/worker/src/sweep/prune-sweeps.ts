import {
	decideNextPrune,
	type PruneKind,
	type Retention,
	retentionOf,
} from "@reelay/shared/domain/retention";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Database } from "@reelay/shared/store/database";
import { pruneEvents } from "@reelay/shared/store/prune-events";
import { pruneBatches, pruneJobs } from "@reelay/shared/store/prune-jobs";
import {
	pruneAudit,
	pruneBudgetPeriods,
	pruneCallbacks,
	pruneKeys,
	pruneReplays,
} from "@reelay/shared/store/prune-records";
import { leavePruneTurn, takePruneTurn } from "@reelay/shared/store/prune-turn";
import type { PruneStep } from "@reelay/shared/store/pruned";
import type { Sweep } from "./every.ts";

export type PruneSweepDeps = {
	db: Database;
	logger: Logger;
	retention: Retention;
	/** Told of each table from which something was removed. */
	onPruned: (table: string, rows: number) => void;
};

const steps: Record<
	PruneKind,
	(db: Database, step: { afterId: string; keepS: number }) => Promise<PruneStep>
> = {
	jobs: pruneJobs,
	batches: pruneBatches,
	events: pruneEvents,
	callbacks: pruneCallbacks,
	replays: pruneReplays,
	audit: pruneAudit,
	keys: pruneKeys,
	budgets: pruneBudgetPeriods,
};

/**
 * Not a repair: what is older than is kept is removed, a bounded step at a time. One worker of all has the turn, and after each
 * step all rest for ten times as long as it took. A worker that dies at it leaves a step that is done or not, and a turn that
 * another takes a minute later.
 */
export function createPruneSweeps(deps: PruneSweepDeps): Sweep[] {
	const { db, retention } = deps;
	if (Object.values(retention).every((keepS) => keepS === null)) return [];
	const tally = createTally(deps);
	return [
		{
			name: "prune",
			everyMs: 1_000,
			isRoutine: true,
			async pass() {
				const turn = await takePruneTurn(db);
				if (turn === null) return 0;
				const keepS = retentionOf(turn.kind, retention);
				const startedAt = performance.now();
				const step =
					keepS === null
						? nothing
						: await steps[turn.kind](db, { afterId: turn.afterId, keepS });
				const tookMs = performance.now() - startedAt;
				const next = decideNextPrune(turn, { lastId: step.lastId, tookMs });
				const rows = tally.add(step);
				// A kind's walk is over.
				if (step.lastId === null) tally.tell();
				await leavePruneTurn(db, turn, next);
				return rows;
			},
		},
	];
}

const nothing: PruneStep = { lastId: null, rows: {} };

/** Counts what this worker removes, table by table, and says it once for each walk in which that is anything. */
function createTally({
	logger,
	onPruned,
}: Pick<PruneSweepDeps, "logger" | "onPruned">) {
	let removed: Record<string, number> = {};
	return {
		add({ rows }: PruneStep): number {
			let total = 0;
			for (const [table, count] of Object.entries(rows)) {
				if (count === 0) continue;
				onPruned(table, count);
				removed[table] = (removed[table] ?? 0) + count;
				total += count;
			}
			return total;
		},
		tell(): void {
			if (Object.keys(removed).length === 0) return;
			logger.info({ removed }, "rows.pruned");
			removed = {};
		},
	};
}
