import { type ChargeRecord, listCharges } from "@reelay/shared/store/charges";
import type { Database } from "@reelay/shared/store/database";
import { type AskDeps, askProvider } from "./ask-provider.ts";
import { type Comparison, compare } from "./compare.ts";

export type ReconcileDeps = { db: Database; provider: AskDeps };

/** What came of it. With `sums` the provider tells no single tasks, so that only the totals can be compared. */
export type Reconciled = {
	from: Date;
	until: Date;
	balance: number | null;
	comparison: Comparison;
	sums: { points: number }[] | null;
	agrees: boolean;
};

// A task is paid for when it ends, and one that is overdue is waited for this long.
const marginMs = 25 * 3_600_000;
const batch = 1_000;

/**
 * Compares what the provider says was spent in a time with our submissions of it. It only reads, so it may run at any time
 * and be stopped anywhere. Rejects when one of the two cannot be asked.
 */
export async function reconcile(
	{ db, provider }: ReconcileDeps,
	{ from, until }: { from: Date; until: Date },
): Promise<Reconciled> {
	const wide = {
		from: new Date(from.getTime() - marginMs),
		until: new Date(until.getTime() + marginMs),
	};
	const { spends, sums, balance } = await askProvider(provider, wide);
	// Read last: what the provider was paid for by then, we may know by now.
	const charges = await listAllCharges(db, wide);
	const comparison = compare(spends, charges, { from, until });
	const isSummedUp = spends.length === 0 && sums.length > 0;
	const summed = sums.reduce((total, { points }) => total + points, 0);
	const agrees = isSummedUp
		? summed === comparison.totals.charged
		: comparison.spendsWithoutSubmission.length === 0 &&
			comparison.chargesWithoutSpend.length === 0 &&
			comparison.differing.length === 0;
	return {
		...{ from, until, balance, comparison, agrees },
		sums: isSummedUp ? sums : null,
	};
}

async function listAllCharges(
	db: Database,
	range: { from: Date; until: Date },
): Promise<ChargeRecord[]> {
	const all: ChargeRecord[] = [];
	for (let afterId = ""; ; ) {
		const some = await listCharges(db, { ...range, afterId, limit: batch });
		all.push(...some);
		const last = some.at(-1);
		if (last === undefined || some.length < batch) return all;
		afterId = last.id;
	}
}
