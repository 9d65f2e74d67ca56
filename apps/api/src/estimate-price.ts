import type { JsonObject } from "@reelay/shared/domain/actions/action";
import { findAction } from "@reelay/shared/domain/actions/registry";
import {
	decideExpectedPrice,
	type ExpectedPrice,
} from "@reelay/shared/domain/price";
import type { Database } from "@reelay/shared/store/database";
import { findPaidPrice } from "@reelay/shared/store/prices";
import { LRUCache } from "lru-cache";

/** Says what a job is expected to cost. */
export type PriceEstimator = (job: {
	action: string;
	input: JsonObject;
}) => Promise<ExpectedPrice | null>;

// Prices change seldom, and an estimate is no promise; in exchange a create costs no read of the history.
const rememberMs = 60_000;
const maxClasses = 1_000;

/** Estimates from what the like has cost, and where nobody knows, from a price for each second. */
export function createPriceEstimator(
	db: Database,
	pointsPerSecond: number,
): PriceEstimator {
	const known = new LRUCache<string, { paidPoints: number | null }>({
		max: maxClasses,
		ttl: rememberMs,
	});
	return async ({ action, input }) => {
		const terms = findAction(action)?.describePrice(input);
		if (terms === undefined) return null;
		const name = `${action} ${terms.priceClass}`;
		const price = known.get(name) ?? {
			paidPoints: await findPaidPrice(db, action, terms),
		};
		if (!known.has(name)) known.set(name, price);
		return decideExpectedPrice(terms, { ...price, pointsPerSecond });
	};
}
