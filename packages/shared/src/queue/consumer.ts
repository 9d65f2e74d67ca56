import { type Ring, ringSchema } from "../contracts/queue-messages.ts";
import { type BellSettings, openRingWorker } from "./backend.ts";

export type RingConsumer = { close(): Promise<void> };

/**
 * Hears rings. A message that is not a ring of this version is dropped with a word to `onError`: it carries no state,
 * so nothing is lost with it. What hearing leads to happens outside BullMQ, whose own job ends at once; a stalled or
 * doubled message can therefore never repeat a submission.
 */
export function openRingConsumer(
	settings: BellSettings,
	hearing: {
		onRing: (ring: Ring) => void;
		onError: (error: Error) => void;
		/** A sentence about the engine that its operator should read, such as a Redis that evicts keys. */
		onWarning?: (sentence: string) => void;
	},
): RingConsumer {
	return openRingWorker(settings, {
		onRing(message) {
			const ring = ringSchema.safeParse(message);
			if (ring.success) hearing.onRing(ring.data);
			else
				hearing.onError(new Error("a message that is not a ring was dropped"));
		},
		onError: hearing.onError,
		onWarning: hearing.onWarning ?? (() => {}),
	});
}
