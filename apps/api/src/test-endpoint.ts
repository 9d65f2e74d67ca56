import { setTimeout as delay } from "node:timers/promises";
import {
	presentAttempt,
	presentDelivery,
} from "@reelay/shared/contracts/delivery-view";
import { sampleData } from "@reelay/shared/contracts/event-samples";
import type { EventType } from "@reelay/shared/domain/event";
import type { Ringer } from "@reelay/shared/queue/rings";
import type { Database } from "@reelay/shared/store/database";
import {
	findDelivery,
	insertTestEvent,
	listAttempts,
} from "@reelay/shared/store/delivery-log";
import { noSuch } from "./problem.ts";

// An attempt takes 15 s at most; beside it there is only the way to a worker.
const patienceMs = 18_000;
const lookEveryMs = 100;

/**
 * Sends one sample event to an endpoint by the same way as every other, and answers with the attempt: what the receiver
 * said, how long each phase took, and why it failed. Where no worker made the attempt in time, the delivery says so, and
 * is made later.
 */
export async function testEndpoint(
	{ db, ringer }: { db: Database; ringer: Pick<Ringer, "enqueue"> },
	test: { tenantId: string; endpointId: string; type: EventType },
) {
	const deliveryId = await insertTestEvent(db, {
		...test,
		data: sampleData(test.type, test.endpointId),
	});
	if (deliveryId === null) throw noSuch("endpoint");
	ringer.enqueue("deliver", [deliveryId]);
	const until = Date.now() + patienceMs;
	for (;;) {
		const [attempt] = await listAttempts(db, deliveryId);
		if (attempt !== undefined || Date.now() >= until) {
			const delivery = await findDelivery(db, test.tenantId, deliveryId);
			if (delivery === null) throw noSuch("endpoint");
			return {
				delivery: presentDelivery(delivery),
				attempt: attempt === undefined ? null : presentAttempt(attempt),
			};
		}
		await delay(lookEveryMs);
	}
}
