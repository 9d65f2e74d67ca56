import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decideDeliveryDelayMs } from "../domain/retry.ts";
import { findViolations } from "../testing/audit.ts";
import {
	claimDelivery,
	owed,
	readDelivery,
	recordAttemptOf,
} from "../testing/owed.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { claimDueDeliveries } from "./deliveries.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const claim = (workerId = "worker-1", limit = 100) =>
	claimDueDeliveries(store.db, workerId, limit);
const age = (seconds: number) => store.db.$executeRaw`
	update delivery set due_at = due_at - make_interval(secs => ${seconds}::float8)`;
/** The length of a lease differs, by half a minute. */
const withinLease = expect.toSatisfy(
	(seconds: number) => seconds >= 60 && seconds <= 90,
);
const readAttempts = () => store.db.$queryRaw`
	select n, outcome, status from attempt order by n`;

describe("claimDueDeliveries", () => {
	it("leases what is due, counts the attempt, and brings the event along", async () => {
		const job = await owed(store);

		const [delivery, ...others] = await claim();

		expect(others).toEqual([]);
		expect(delivery).toMatchObject({
			id: expect.stringMatching(/^dlv_/),
			owner: "worker-1",
			event_id: expect.stringMatching(/^evt_/),
			tenant_id: store.tenantId,
			url: webhookUrl,
			attempt: 1,
			event_type: "video.succeeded",
			event_at: expect.any(Date),
			snapshot: expect.objectContaining({ id: job.id, state: "succeeded" }),
		});
		expect(await readDelivery(store)).toMatchObject({
			state: "pending",
			attempts: 1,
			lease_owner: "worker-1",
			due_in_s: withinLease,
		});
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("takes the one that has been due for longest first, and leaves what is not due", async () => {
		for (const seconds of [-60, 100, 300, 200]) {
			await owed(store);
			await store.db.$executeRaw`
				update delivery set due_at = now() - make_interval(secs => ${seconds}::float8)
				where id = (select max(id) from delivery)`;
		}

		const first = await claim("worker-1", 1);
		const rest = await claim();

		const ids = await store.db.$queryRaw<{ id: string }[]>`
			select id from delivery order by created_at`;
		expect(first.map(({ id }) => id)).toEqual([ids[2]?.id]);
		expect(new Set(rest.map(({ id }) => id))).toEqual(
			new Set([ids[1]?.id, ids[3]?.id]),
		);
	});

	it("never gives one delivery to two workers at once", async () => {
		for (let n = 0; n < 20; n += 1) {
			await owed(store, `https://${n}.example.com/hook`);
		}

		const claims = await Promise.all(
			Array.from({ length: 10 }, (_, n) => claim(`worker-${n}`, 5)),
		);

		// What one had locked and did not take, the others passed over.
		const rest = await claim("worker-10");
		const ids = [...claims.flat(), ...rest].map(({ id }) => id);
		expect(new Set(ids).size).toBe(ids.length);
		expect(ids).toHaveLength(20);
	});

	it("gives a delivery whose worker died to another, with the same event and the next number", async () => {
		await owed(store);
		const lost = await claimDelivery(store, "worker-1");
		const tooEarly = await claim("worker-2");
		await age(91);

		const again = await claimDelivery(store, "worker-2");

		expect(tooEarly).toEqual([]);
		expect(again).toMatchObject({
			id: lost.id,
			event_id: lost.event_id,
			attempt: 2,
			snapshot: lost.snapshot,
		});
	});
});

describe("recordAttempt", () => {
	it("ends a delivery that was taken", async () => {
		await owed(store);

		const state = await recordAttemptOf(store, await claimDelivery(store), {
			outcome: "delivered",
			status: 204,
			nextInMs: null,
		});

		expect(state).toBe("delivered");
		expect(await readDelivery(store)).toMatchObject({
			state: "delivered",
			lease_owner: null,
			last_status: 204,
			due_in_s: null,
			finished: true,
		});
		expect(await claim()).toEqual([]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("schedules the next attempt after a failure", async () => {
		await owed(store);

		const state = await recordAttemptOf(store, await claimDelivery(store), {
			error: "reset",
		});

		expect(state).toBe("pending");
		expect(await readDelivery(store)).toMatchObject({
			state: "pending",
			attempts: 1,
			lease_owner: null,
			last_status: 503,
			last_error: "reset",
			due_in_s: 5,
			finished: false,
		});
	});

	it("gives up at once on a refusal that cannot change", async () => {
		await owed(store);

		const state = await recordAttemptOf(store, await claimDelivery(store), {
			outcome: "aborted",
			status: 410,
			nextInMs: null,
		});

		expect(state).toBe("aborted");
		expect(await readDelivery(store)).toMatchObject({ finished: true });
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("exhausts a delivery after the twelve attempts of the schedule, all for the same event", async () => {
		await owed(store);
		const states: (string | null)[] = [];
		const events = new Set<string>();

		for (let due = await claim(); due.length > 0; due = await claim()) {
			for (const delivery of due) {
				events.add(delivery.event_id);
				const nextInMs = decideDeliveryDelayMs({
					attempt: delivery.attempt,
					retryAfterMs: null,
					random: 1,
				});
				states.push(await recordAttemptOf(store, delivery, { nextInMs }));
			}
			await age(48 * 60 * 60);
		}

		expect(states).toEqual([...Array(11).fill("pending"), "exhausted"]);
		expect(events.size).toBe(1);
		expect(await readAttempts()).toHaveLength(12);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("of a worker that was overtaken is logged, and moves nothing", async () => {
		await owed(store);
		const slow = await claimDelivery(store, "worker-1");
		await age(91);
		await claimDelivery(store, "worker-2");

		const state = await recordAttemptOf(store, slow, { nextInMs: null });

		expect(state).toBeNull();
		expect(await readDelivery(store)).toMatchObject({
			state: "pending",
			attempts: 2,
			lease_owner: "worker-2",
			due_in_s: withinLease,
		});
		expect(await readAttempts()).toEqual([
			{ n: 1, outcome: "retry", status: 503 },
		]);
	});

	it("of a worker that overtook itself is told apart by its number", async () => {
		await owed(store);
		const first = await claimDelivery(store);
		await age(91);
		const second = await claimDelivery(store);

		const states = [
			await recordAttemptOf(store, first),
			await recordAttemptOf(store, second),
		];

		expect(states).toEqual([null, "pending"]);
	});

	it("of an overtaken worker ends the delivery when the receiver took it", async () => {
		await owed(store);
		const slow = await claimDelivery(store, "worker-1");
		await age(91);
		const fast = await claimDelivery(store, "worker-2");

		const first = await recordAttemptOf(store, slow, {
			outcome: "delivered",
			status: 200,
			nextInMs: null,
		});
		const second = await recordAttemptOf(store, fast, { owner: "worker-2" });

		expect([first, second]).toEqual(["delivered", null]);
		expect(await readDelivery(store)).toMatchObject({
			state: "delivered",
			last_status: 200,
		});
		expect(await readAttempts()).toHaveLength(2);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("changes nothing when it is written twice", async () => {
		await owed(store);
		const delivery = await claimDelivery(store);

		const states = [
			await recordAttemptOf(store, delivery),
			await recordAttemptOf(store, delivery),
		];

		expect(states).toEqual(["pending", null]);
		expect(await readAttempts()).toHaveLength(1);
		expect(await readDelivery(store)).toMatchObject({
			attempts: 1,
			due_in_s: 5,
		});
	});
});
