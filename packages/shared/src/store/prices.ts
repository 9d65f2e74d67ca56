import type { PriceTerms } from "../domain/price.ts";
import type { Database } from "./database.ts";

// Enough that one dear exception does not decide, and few enough that a new price is believed within a day's work.
const recentJobs = 100;

/**
 * What nine in ten of the last hundred jobs of these terms have cost at most, whoever asked for them; null while none has
 * said its price. The provider charges one account, so a price is no tenant's secret. Index: job_price_idx.
 */
export async function findPaidPrice(
	db: Database,
	action: string,
	terms: Pick<PriceTerms, "priceClass">,
): Promise<number | null> {
	const rows = await db.$queryRaw<{ points: number | null }[]>`
		select percentile_disc(0.9) within group (order by cost_points) as points from (
			select cost_points from job
			where action = ${action} and price_class = ${terms.priceClass} and cost_points is not null
				and finished_at is not null
			order by finished_at desc limit ${recentJobs}::int) as recent`;
	return rows[0]?.points ?? null;
}
