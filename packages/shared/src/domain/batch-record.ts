import type { JsonObject } from "./actions/action.ts";
import type { Instant, JobRecord } from "./job-record.ts";

/** A batch as the store returns it: the row's own column names. */
export type BatchRecord = {
	id: string;
	tenant_id: string;
	metadata: JsonObject;
	webhook_url: string | null;
	size: number;
	created_at: Instant;
	finished_at: Instant | null;
};

/** What the jobs of a batch come to: how many are in each state, and what they cost. */
export type BatchTally = {
	state: JobRecord["state"];
	count: number;
	points: number | null;
	charged: JobRecord["charged"];
}[];

/** A batch with what its jobs come to. */
export type TalliedBatch = BatchRecord & { tally: BatchTally };
