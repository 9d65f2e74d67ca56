import type { Logger } from "@reelay/shared/runtime/logger";
import type { Database } from "@reelay/shared/store/database";
import {
	endDeleted,
	exhaustLost,
	holdDisabled,
	releaseHeld,
} from "@reelay/shared/store/deliveries";
import {
	disableFailing,
	warnOfFailing,
} from "@reelay/shared/store/endpoint-health";
import { stepReplay } from "@reelay/shared/store/replays";
import { passRows, type Sweep } from "./every.ts";

export type DeliverySweepDeps = {
	db: Database;
	logger: Logger;
	/** Wakes this worker's own claimer of deliveries. */
	wakeDeliverer: () => void;
};

/** What endpoints are owed, and how they are. */
export function createDeliverySweeps({
	db,
	logger,
	wakeDeliverer,
}: DeliverySweepDeps): Sweep[] {
	return [
		// Repairs: a delivery that has no attempt left, and whose last one ended with its worker.
		{
			name: "deliveries",
			everyMs: 30_000,
			pass: () => exhaustLost(db, passRows),
		},
		// Not a repair: what endpoints are owed follows them when they are disabled, enabled and deleted.
		{
			name: "held",
			everyMs: 5_000,
			isRoutine: true,
			async pass() {
				const held = await holdDisabled(db, passRows);
				const released = await releaseHeld(db, passRows);
				if (released > 0) wakeDeliverer();
				return held + released + (await endDeleted(db, passRows));
			},
		},
		// Not a repair: what somebody asked to be sent again.
		{
			name: "replays",
			everyMs: 1_000,
			isRoutine: true,
			async pass() {
				const seen = await stepReplay(db);
				if (seen > 0) wakeDeliverer();
				return seen;
			},
		},
		// Not a repair: endpoints that have failed for long are told of, and then disabled.
		{
			name: "endpoints",
			everyMs: 60_000,
			isRoutine: true,
			async pass() {
				const warned = await warnOfFailing(db, passRows);
				const disabled = await disableFailing(db, passRows);
				for (const one of warned) logger.warn(one, "endpoint.failing");
				for (const one of disabled) logger.error(one, "endpoint.disabled");
				return warned.length + disabled.length;
			},
		},
	];
}
