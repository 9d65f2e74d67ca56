import { deliveryStates } from "./delivery-record.ts";

/** What a replay may send again: deliveries by their state, and `missing`, events of which the endpoint was owed none. */
export const replayStates = [...deliveryStates, "missing"] as const;
export type ReplayedState = (typeof replayStates)[number];

/** What it sends when nobody says: what never arrived. */
export const defaultReplayedStates: readonly ReplayedState[] = [
	"exhausted",
	"aborted",
	"held",
	"missing",
];

/** How far back a replay may reach, in seconds: a quarter of a year. */
export const maxReplayS = 92 * 24 * 3600;

/** Where a replay is; the last two are its ends. */
export const replayProgress = [
	"running",
	"paused",
	"cancelled",
	"finished",
] as const;

/** A row of the table `replay`. */
export type ReplayRecord = {
	id: string;
	endpoint_id: string;
	types: string[];
	states: string[];
	since: Date;
	until: Date;
	state: (typeof replayProgress)[number];
	total: number;
	sent: number;
	created_at: Date;
	finished_at: Date | null;
};
