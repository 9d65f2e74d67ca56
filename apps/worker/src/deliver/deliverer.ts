import type { Logger } from "@reelay/shared/runtime/logger";
import type { ClaimedDelivery } from "@reelay/shared/store/deliveries";
import { createWakeLoop } from "../wake-loop.ts";

export type DelivererDeps = {
	claim: (limit: number) => Promise<ClaimedDelivery[]>;
	deliver: (delivery: ClaimedDelivery) => Promise<void>;
	logger: Logger;
	maxInFlight: number;
};

export type Deliverer = {
	/** There may be deliveries due: claims until there are none or this worker is full. Returns at once. */
	wake(): void;
	inFlight(): number;
	/** Stops claiming and waits for the attempts under way, which end by themselves within their timeout. */
	stop(): Promise<void>;
};

/** Keeps up to `maxInFlight` attempts under way; rings, the tick and each ended attempt come here as `wake`. */
export function createDeliverer(deps: DelivererDeps): Deliverer {
	const underWay = new Set<Promise<void>>();
	let isAsking = false;
	const loop = createWakeLoop(claimAll);

	async function claimAll(): Promise<void> {
		try {
			for (;;) {
				const room = deps.maxInFlight - underWay.size;
				if (loop.isStopping() || room <= 0) return;
				const deliveries = await deps.claim(room);
				for (const delivery of deliveries) start(delivery);
				if (deliveries.length < room) return;
			}
		} catch (error) {
			// The tick wakes us again within a second, and the next claim gives back what this one may have taken.
			deps.logger.error({ err: error }, "deliveryClaim.failed");
		}
	}

	function start(delivery: ClaimedDelivery): void {
		const run = deps
			.deliver(delivery)
			.catch((error: unknown) => {
				// Its lease ends by itself, and the attempt is made again.
				deps.logger.error(
					{ delivery_id: delivery.id, err: error },
					"delivery.recordFailed",
				);
			})
			.finally(() => {
				underWay.delete(run);
				askSoon();
			});
		underWay.add(run);
	}

	/**
	 * A place in a lane is free, which may be all that a delivery that is due has waited for. Attempts that are written
	 * together end together, and one claim is to fill all their places: it waits for those of the same turn.
	 */
	function askSoon(): void {
		if (isAsking) return;
		isAsking = true;
		queueMicrotask(() => {
			isAsking = false;
			loop.wake();
		});
	}

	return {
		wake: loop.wake,
		inFlight: () => underWay.size,
		async stop() {
			await loop.stop();
			await Promise.allSettled([...underWay]);
		},
	};
}
