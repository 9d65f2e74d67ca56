import {
	disableAfterS,
	disableMinDeliveries,
	warnAfterS,
} from "../domain/endpoint.ts";
import type { Database } from "./database.ts";

/** An endpoint of which somebody should hear. */
export type SickEndpoint = {
	id: string;
	tenant_id: string;
	failing_since: Date;
	failure_streak: number;
};

/**
 * Disables endpoints of which every attempt has failed for five days, and that so many events wait for: one that is asked
 * once a week is not judged by five failures. Returns them; each is returned once. Index: endpoint_failing_idx.
 */
export async function disableFailing(
	db: Database,
	limit: number,
): Promise<SickEndpoint[]> {
	return db.$queryRaw<SickEndpoint[]>`
		with sick as (
			select id from endpoint
			where failing_since <= now() - make_interval(secs => ${disableAfterS}::int) and disabled_at is null
				and deleted_at is null and ${disableMinDeliveries}::int <= (
					select count(*) from (
						select from delivery where endpoint_id = endpoint.id and attempts > round_from and state <> 'delivered'
							and (finished_at is null or finished_at >= failing_since)
						limit ${disableMinDeliveries}::int) as failed)
			order by failing_since limit ${limit}::int for no key update skip locked)
		update endpoint set disabled_at = now(), disabled_reason = 'failing'
		from sick where endpoint.id = sick.id
		returning endpoint.id, tenant_id, failing_since, failure_streak`;
}

/** The endpoints that have failed for a day and were not told of yet; each is returned once until it has succeeded. */
export async function warnOfFailing(
	db: Database,
	limit: number,
): Promise<SickEndpoint[]> {
	return db.$queryRaw<SickEndpoint[]>`
		with sick as (
			select id from endpoint
			where failing_since <= now() - make_interval(secs => ${warnAfterS}::int) and warned_at is null
				and disabled_at is null and deleted_at is null
			order by failing_since limit ${limit}::int for no key update skip locked)
		update endpoint set warned_at = now() from sick where endpoint.id = sick.id
		returning endpoint.id, tenant_id, failing_since, failure_streak`;
}
