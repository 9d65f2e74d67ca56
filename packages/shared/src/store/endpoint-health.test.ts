import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { breakerStreak } from "../domain/endpoint.ts";
import type { EndpointRecord } from "../domain/endpoint-record.ts";
import { anEndpoint } from "../testing/factories.ts";
import { endJobs } from "../testing/owed.ts";
import { anAttempt } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { recordAttempt } from "./attempts.ts";
import { type ClaimedDelivery, claimDueDeliveries } from "./deliveries.ts";
import { disableFailing, warnOfFailing } from "./endpoint-health.ts";
import { findEndpoint } from "./endpoints.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const claim = (limit = 100) => claimDueDeliveries(store.db, "w", limit);
const record = (
	delivery: ClaimedDelivery,
	outcome: "delivered" | "retry",
	nextInMs: number | null = 0,
) => recordAttempt(store.db, anAttempt(delivery, { outcome, nextInMs }));
const reread = async ({ id }: EndpointRecord) => {
	const endpoint = await findEndpoint(store.db, store.tenantId, id);
	if (endpoint === null) throw new Error("it is gone");
	return endpoint;
};
const passS = (seconds: number) => store.db.$executeRaw`
	update endpoint set probe_at = probe_at - make_interval(secs => ${seconds}::float8),
		paced_until = paced_until - make_interval(secs => ${seconds}::float8)`;

describe("the breaker of an endpoint", () => {
	/** Fails until the breaker is open. */
	async function openBreaker(): Promise<EndpointRecord> {
		const endpoint = await anEndpoint(store);
		await endJobs(store, breakerStreak + 5);
		for (let n = 0; n < breakerStreak; n += 1) {
			const [delivery] = await claim(1);
			if (delivery) await record(delivery, "retry", 3_600_000);
		}
		return endpoint;
	}

	it("opens after so many failures in a row, and what waits spends no attempt", async () => {
		const endpoint = await openBreaker();

		const claimed = await claim();

		expect(claimed).toEqual([]);
		expect(await reread(endpoint)).toMatchObject({
			failure_streak: breakerStreak,
			failing_since: expect.any(Date),
			probe_at: expect.any(Date),
		});
	});

	it("lets one probe through when its wait is over, to one of several workers, and waits longer when it fails", async () => {
		const endpoint = await openBreaker();
		const waits = [];
		for (let round = 0; round < 3; round += 1) {
			const { probe_at } = await reread(endpoint);
			waits.push(
				Math.round(((probe_at?.getTime() ?? 0) - Date.now()) / 10_000),
			);
			await passS(600);
			const probes = (await Promise.all([claim(), claim(), claim()])).flat();
			expect(probes).toHaveLength(1);
			expect(await claim()).toEqual([]);
			const [probe] = probes;
			if (probe) await record(probe, "retry", 3_600_000);
		}

		expect(waits).toEqual([1, 2, 4]);
	});

	it("shuts with a success, and all that waits goes out", async () => {
		const endpoint = await openBreaker();
		await passS(600);
		const [probe] = await claim();

		if (probe) await record(probe, "delivered");

		expect(await claim()).toHaveLength(3);
		expect(await reread(endpoint)).toMatchObject({
			failure_streak: 0,
			failing_since: null,
			probe_at: null,
		});
	});

	it("probes again when the worker of a probe is gone", async () => {
		await openBreaker();
		await passS(600);
		const first = await claim();
		await passS(600);
		await store.db.$executeRaw`
			update delivery set due_at = now() where lease_owner is not null`;

		expect(first).toHaveLength(1);
		expect(await claim()).toHaveLength(1);
	});
});

describe("an endpoint that fails for long", () => {
	const age = (days: number) => store.db.$executeRaw`
		update endpoint set failing_since = now() - make_interval(days => ${days}::int)`;

	it("is warned of once after a day, and disabled after five, if so many events have failed", async () => {
		const endpoint = await anEndpoint(store, { concurrency: 50 });
		await endJobs(store, 20);
		for (const delivery of await claim()) await record(delivery, "retry", 9e6);
		await age(2);

		const warned = await warnOfFailing(store.db, 10);
		const again = await warnOfFailing(store.db, 10);
		const early = await disableFailing(store.db, 10);
		await age(5);
		const disabled = await disableFailing(store.db, 10);

		expect(warned).toMatchObject([{ id: endpoint.id }]);
		expect([again, early]).toEqual([[], []]);
		expect(disabled).toMatchObject([{ id: endpoint.id }]);
		expect(await reread(endpoint)).toMatchObject({
			disabled_reason: "failing",
		});
	});

	it("is not disabled for a few events, however long ago", async () => {
		await anEndpoint(store, { concurrency: 50 });
		await endJobs(store, 19);
		for (const delivery of await claim()) await record(delivery, "retry", 9e6);
		await age(50);

		expect(await disableFailing(store.db, 10)).toEqual([]);
	});

	it("is disabled at once when it says that it is gone, or asks for it", async () => {
		for (const verdict of ["gone", "asked"] as const) {
			const endpoint = await anEndpoint(store);
			await endJobs(store, 1);
			const [delivery] = await claim();
			if (delivery === undefined) throw new Error("nothing is due");

			const attempt = anAttempt(delivery, { outcome: "aborted", verdict });
			await recordAttempt(store.db, attempt);

			expect(await reread(endpoint)).toMatchObject({
				disabled_at: expect.any(Date),
				disabled_reason: verdict,
			});
			await clearTestStore(store);
		}
	});
});
