import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { breakerStreak } from "../domain/endpoint.ts";
import { anEndpoint } from "../testing/factories.ts";
import { endJobs } from "../testing/owed.ts";
import { anAttempt } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { type AttemptRecord, recordAttempts } from "./attempts.ts";
import { claimDueDeliveries } from "./deliveries.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const claim = () => claimDueDeliveries(store.db, "w", 100);
/** So many deliveries of one endpoint, all under way. */
async function underWay(count: number) {
	await anEndpoint(store, { concurrency: 50 });
	await endJobs(store, count);
	return claim();
}

describe("the health of an endpoint", () => {
	const readHealth = async () => {
		const [row] = await store.db.$queryRaw<unknown[]>`
			select failure_streak, failing_since is not null as is_failing, disabled_reason,
				round(extract(epoch from probe_at - now()) / 5)::int * 5 as probe_in_s from endpoint`;
		return row;
	};

	it("counts every failure that one statement tells, and opens the breaker at the same one", async () => {
		const deliveries = await underWay(breakerStreak);

		await recordAttempts(
			store.db,
			deliveries.slice(1).map((one) => anAttempt(one)),
		);
		const before = await readHealth();
		await recordAttempts(
			store.db,
			deliveries.slice(0, 1).map((one) => anAttempt(one)),
		);

		expect(before).toMatchObject({
			failure_streak: breakerStreak - 1,
			probe_in_s: null,
		});
		expect(await readHealth()).toMatchObject({
			failure_streak: breakerStreak,
			probe_in_s: 10,
		});
	});

	const bad: Partial<AttemptRecord> = {};
	const good: Partial<AttemptRecord> = {
		outcome: "delivered",
		status: 200,
		nextInMs: null,
	};
	const gone: Partial<AttemptRecord> = { outcome: "aborted", verdict: "gone" };
	const asked: Partial<AttemptRecord> = { ...gone, verdict: "asked" };
	const opening = Array(breakerStreak + 1).fill(bad);
	it.each([
		{ ends: opening },
		{ ends: [...opening, good] },
		{ ends: [bad, good, bad, bad] },
		{ ends: [good, ...opening] },
		{ ends: [bad, asked, gone, good] },
		{ ends: [good, gone, bad] },
		{ ends: [good, good] },
	])(
		"is the same whether its attempts are told together or one by one: $ends",
		async ({ ends }) => {
			const together = await underWay(ends.length);
			await recordAttempts(
				store.db,
				together.map((one, n) => anAttempt(one, ends[n])),
			);
			const health = await readHealth();
			await clearTestStore(store);

			for (const [n, one] of (await underWay(ends.length)).entries()) {
				await recordAttempts(store.db, [anAttempt(one, ends[n])]);
			}

			expect(health).toEqual(await readHealth());
		},
	);

	it("is written without a deadlock by workers that tell of the same endpoints in other orders", async () => {
		const urls = ["a", "b", "c", "d"].map((name) => `https://${name}.test/`);
		for (const url of urls) await anEndpoint(store, { concurrency: 50, url });
		await endJobs(store, 10);
		const deliveries = await claim();
		const [mine, theirs] = [0, 1].map((half) =>
			deliveries.filter((_, n) => n % 2 === half).map((one) => anAttempt(one)),
		);

		const states = await Promise.all([
			recordAttempts(store.db, mine ?? []),
			recordAttempts(store.db, theirs?.reverse() ?? []),
		]);

		expect(states.flat()).toEqual(deliveries.map(() => "pending"));
		const streaks = await store.db.$queryRaw`
			select distinct failure_streak from endpoint`;
		expect(streaks).toEqual([{ failure_streak: 10 }]);
	});
});
