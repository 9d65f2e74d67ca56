/** A tenant: a customer, to whom keys, jobs and endpoints belong. */
export type TenantRecord = {
	id: string;
	name: string;
	/** Its share of turns, against other tenants with queued jobs. */
	weight: number;
	/** The most submissions that it has under way at once; null is no limit of its own. */
	max_in_flight: number | null;
	/** Since when its keys may only read; null is not at all. */
	disabled_at: Date | null;
	created_at: Date;
};

export const maxTenantNameLength = 100;
export const maxWeight = 1000;
/** More submissions than this are never under way at once, for anybody. */
export const maxMaxInFlight = 1_000_000;
