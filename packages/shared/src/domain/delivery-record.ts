import type { JsonObject } from "./actions/action.ts";
import type { FailureClass } from "./delivery-failure.ts";
import type { JobRecord } from "./job-record.ts";

/** A delivery with the event that it tells of, as its owner may see it. */
export type DeliveryRecord = {
	id: string;
	event_id: string;
	event_type: string;
	job_id: string | null;
	endpoint_id: string | null;
	url: string;
	state: DeliveryState;
	attempts: number;
	/** Null while none is to come; during an attempt, when its worker counts as gone. */
	due_at: Date | null;
	is_under_way: boolean;
	last_status: number | null;
	last_error: string | null;
	created_at: Date;
	finished_at: Date | null;
};

/** Where a delivery is: `held` waits for its endpoint to be enabled; all but it and `pending` have ended. */
export const deliveryStates = [
	"pending",
	"held",
	"delivered",
	"exhausted",
	"aborted",
] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** One attempt, as it was written down. */
export type LoggedAttempt = {
	n: number;
	outcome: string;
	status: number | null;
	class: FailureClass | null;
	phase: string | null;
	error: string | null;
	excerpt: string | null;
	url: string | null;
	timings: Record<string, number | null> | null;
	duration_ms: number;
	next_at: Date | null;
	at: Date;
};

/** A stored event, with what its `data` is made of: the row of its job as it was then, or, where there is none, the data. */
export type EventRecord = {
	id: string;
	type: string;
	job_id: string | null;
	snapshot: JobRecord | JsonObject;
	at: Date;
	is_test: boolean;
};
