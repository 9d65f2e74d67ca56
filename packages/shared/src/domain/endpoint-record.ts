import type { DisabledReason } from "./endpoint.ts";

/** A row of the table `endpoint`, as the store reads it. */
export type EndpointRecord = {
	id: string;
	tenant_id: string;
	url: string;
	description: string | null;
	events: string[];
	sealed_headers: string | null;
	schedule_s: number[] | null;
	rate_per_s: number | null;
	concurrency: number;
	ordered: boolean;
	disabled_at: Date | null;
	disabled_reason: DisabledReason | null;
	failing_since: Date | null;
	failure_streak: number;
	warned_at: Date | null;
	probe_at: Date | null;
	created_at: Date;
	updated_at: Date;
};
