/**
 * Which of the provider's lines belongs to which of our submissions, and where the two say different things. A task's id
 * decides; where the provider names none, an amount at a time does, each line for one submission at most. Only what lies
 * in the time that was asked for is judged: both sides are given with a margin, so that a pair is not torn at its edge.
 */
import type { ChargeRecord } from "@reelay/shared/store/charges";
import type { Spend } from "./parse-account.ts";

export type Pair = { spend: Spend; charge: ChargeRecord };

export type Comparison = {
	agreed: number;
	spendsWithoutSubmission: Spend[];
	chargesWithoutSpend: ChargeRecord[];
	/** Both are there, and say different things; ours are 0 for what we take for free, and null for a charge that was only possible. */
	differing: (Pair & { ours: number | null })[];
	/** Paid, and not ended here: a result that is on its way, or was lost. */
	open: Pair[];
	totals: { spent: number; charged: number; possible: number };
};

// A line may be written when the task is taken, when it ends, or when the books are closed a little later.
const slackMs = 10 * 60_000;

/** Compares the lines with the submissions, over `from` to `until`. Pure. */
export function compare(
	told: readonly Spend[],
	charges: readonly ChargeRecord[],
	range: { from: Date; until: Date },
): Comparison {
	const isMeant = (at: Date | null) =>
		at === null || (at >= range.from && at < range.until);
	const { pairs, unmatched } = match(told, charges);
	const paid = new Set(pairs.map(({ charge }) => charge.id));
	const judged = pairs.filter(({ charge }) => isMeant(charge.intent_at));
	const open = judged.filter(({ charge }) => charge.live);
	const ended = judged.filter(({ charge }) => !charge.live);
	const differing = ended
		.map((pair) => ({ ...pair, ours: oursOf(pair.charge) }))
		.filter(
			({ spend, charge, ours }) =>
				charge.charged === "possible" ||
				(ours !== null && ours !== spend.points),
		);
	const meant = charges.filter(({ intent_at }) => isMeant(intent_at));
	const spendsWithoutSubmission = unmatched.filter(({ at }) => isMeant(at));
	const sum = (charged: ChargeRecord["charged"]) =>
		meant
			.filter((charge) => !charge.live && charge.charged === charged)
			.reduce((total, { points }) => total + (points ?? 0), 0);
	return {
		agreed: ended.length - differing.length,
		spendsWithoutSubmission,
		chargesWithoutSpend: meant.filter(
			({ id, charged }) => charged === "yes" && !paid.has(id),
		),
		differing,
		open,
		totals: {
			spent: [...judged.map(({ spend }) => spend), ...spendsWithoutSubmission]
				.map(({ points }) => points)
				.reduce((total, points) => total + points, 0),
			charged: sum("yes"),
			possible: sum("possible"),
		},
	};
}

/** Null is a charge whose price we were not told, or that we cannot exclude. */
function oursOf({ charged, points }: ChargeRecord): number | null {
	return charged === "no" ? 0 : points;
}

function match(told: readonly Spend[], charges: readonly ChargeRecord[]) {
	const byTask = new Map(
		charges.flatMap((charge) =>
			charge.task_id === null ? [] : [[charge.task_id, charge] as const],
		),
	);
	const free = new Set(charges);
	const pairs: Pair[] = [];
	const rest: Spend[] = [];
	for (const spend of told) {
		const id = spend.ids.find((one) => byTask.has(one));
		const charge = id === undefined ? undefined : byTask.get(id);
		// A second line for one task is a spend of its own: it was paid twice.
		if (charge === undefined || !free.delete(charge)) rest.push(spend);
		else pairs.push({ spend, charge });
	}
	const unmatched = rest.filter((spend) => {
		const charge = findByAmount(spend, free, byTask);
		if (charge === null) return true;
		free.delete(charge);
		pairs.push({ spend, charge });
		return false;
	});
	return { pairs, unmatched };
}

/** The charged submission of this amount that was under way at this time, and ended nearest to it. */
function findByAmount(
	spend: Spend,
	free: ReadonlySet<ChargeRecord>,
	byTask: ReadonlyMap<string, unknown>,
): ChargeRecord | null {
	const { at } = spend;
	if (at === null || spend.ids.some((id) => byTask.has(id))) return null;
	const time = at.getTime();
	const near = [...free].filter(
		({ charged, points, intent_at, settled_at }) => {
			const end = settled_at?.getTime() ?? Number.POSITIVE_INFINITY;
			const isThen =
				time >= intent_at.getTime() - slackMs && time <= end + slackMs;
			return isThen && charged === "yes" && points === spend.points;
		},
	);
	const distance = ({ intent_at, settled_at }: ChargeRecord) =>
		Math.abs((settled_at ?? intent_at).getTime() - time);
	near.sort((one, other) => distance(one) - distance(other));
	return near[0] ?? null;
}
