import { parseCidrs } from "@reelay/shared/runtime/address";
import { systemClock } from "@reelay/shared/runtime/clock";
import { postOnce } from "@reelay/shared/runtime/http-post";
import { createOutboundAgent } from "@reelay/shared/runtime/outbound";
import { type Keyring, parseKeyring } from "@reelay/shared/signing/keyring";
import { seal } from "@reelay/shared/signing/sealing";
import { recordAttempt } from "@reelay/shared/store/attempts";
import {
	type ClaimedDelivery,
	claimDueDeliveries,
} from "@reelay/shared/store/deliveries";
import { insertFirstSecret } from "@reelay/shared/store/tenants";
import {
	aJob,
	type JobSpec,
	type TestJob,
} from "@reelay/shared/testing/factories";
import { createMemoryLog, type MemoryLog } from "@reelay/shared/testing/log";
import { type Receiver, startReceiver } from "@reelay/shared/testing/receiver";
import { openTestStore, type TestStore } from "@reelay/shared/testing/store";
import { deliverEvent } from "../deliver/deliver-event.ts";
import { createHeaderOpener } from "../deliver/open-headers.ts";
import { createSecretCache } from "../deliver/secret-cache.ts";

export const workerId = "worker-1";
export const keyring: Keyring = parseKeyring(
	`k1:${Buffer.alloc(32, 1).toString("base64")}`,
);
export const secret = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;

/** What an attempt has made of its delivery. */
export type Attempted = {
	state: string;
	attempts: number;
	last_status: number | null;
	last_error: string | null;
	outcome: string;
	excerpt: string | null;
	due_in_ms: number | null;
};

export type DeliveryStage = {
	store: TestStore;
	receiver: Receiver;
	log: MemoryLog;
	/** A job that has succeeded and owes its event to the receiver, or to another URL. */
	aDelivery(spec?: JobSpec): Promise<TestJob>;
	/** Claims what is due, attempts it, and says what has become of it. */
	attempt(): Promise<Attempted>;
	deliver(delivery: ClaimedDelivery): Promise<void>;
	makeDue(): Promise<unknown>;
	close(): Promise<void>;
};

/** A receiver of webhooks, and a database whose first tenant has a secret. */
export async function setStage(): Promise<DeliveryStage> {
	const store = await openTestStore();
	const sealed = seal(secret, keyring, store.tenantId);
	await insertFirstSecret(store.db, store.tenantId, sealed);
	const receiver = await startReceiver();
	const log = createMemoryLog();
	// Any name leads to a private address, as one does whose owner changes it after the check.
	const outbound = createOutboundAgent({
		allowCidrs: parseCidrs("127.0.0.0/8"),
		lookup: (_hostname, _options, answer) =>
			answer(null, [{ address: "10.0.0.1", family: 4 }]),
	});
	const deliver = (delivery: ClaimedDelivery) =>
		deliverEvent(
			{
				secrets: createSecretCache(store.db, keyring),
				openHeaders: createHeaderOpener(keyring, log.logger),
				// The receiver stands for one on the internet, and is not.
				mayShow: (address) => address === "127.0.0.1",
				record: (attempt) => recordAttempt(store.db, attempt),
				post: (request) =>
					postOnce({
						...request,
						dispatcher: outbound,
						timeoutMs: 500,
						maxResponseBytes: 64 * 1024,
						keepBytes: 4 * 1024,
					}),
				clock: systemClock,
				random: () => 0.5,
				logger: log.logger,
			},
			delivery,
		);
	return {
		store,
		receiver,
		log,
		aDelivery: (spec) =>
			aJob(store, {
				state: "succeeded",
				webhookUrl: `${receiver.url}/hook`,
				...spec,
			}),
		async attempt() {
			const [delivery] = await claimDueDeliveries(store.db, workerId, 1);
			if (delivery === undefined) throw new Error("nothing is due");
			await deliver(delivery);
			return findAttempted(store, delivery.id);
		},
		deliver,
		makeDue: () =>
			store.db
				.$executeRaw`update delivery set due_at = now() where state = 'pending'`,
		async close() {
			await outbound.destroy();
			await receiver.close();
			await store.close();
		},
	};
}

async function findAttempted(
	{ db }: TestStore,
	deliveryId: string,
): Promise<Attempted> {
	const rows = await db.$queryRaw<Attempted[]>`
		select state, attempts, last_status, last_error, outcome, excerpt,
			extract(epoch from due_at - now())::float8 * 1000 as due_in_ms
		from delivery join attempt on delivery_id = id and n = attempts where id = ${deliveryId}`;
	const [row] = rows;
	if (row === undefined) throw new Error("the attempt was not written");
	return row;
}
