import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { owed } from "../testing/owed.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { claimDueDeliveries, exhaustLost } from "./deliveries.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const claim = () => claimDueDeliveries(store.db, "worker-1", 100);
const age = (seconds: number) => store.db.$executeRaw`
	update delivery set due_at = due_at - make_interval(secs => ${seconds}::float8)`;

describe("a delivery of which every worker dies", () => {
	/** Attempts that were begun, and of which nobody came back. */
	async function die(times: number): Promise<void> {
		for (let n = 0; n < times; n += 1) {
			expect(await claim()).toHaveLength(1);
			await age(91);
		}
	}

	it("is claimed twelve times, and then exhausted", async () => {
		await owed(store);
		await die(11);
		const before = await exhaustLost(store.db, 100);
		await die(1);

		const claimed = await claim();
		const exhausted = [
			await exhaustLost(store.db, 100),
			await exhaustLost(store.db, 100),
		];

		expect(before).toBe(0);
		expect(claimed).toEqual([]);
		expect(exhausted).toEqual([1, 0]);
		const left = await store.db.$queryRaw`
			select state, delivery.attempts, lease_owner, attempt.n, attempt.outcome
			from delivery join attempt on delivery_id = delivery.id`;
		expect(left).toEqual([
			{
				state: "exhausted",
				attempts: 12,
				lease_owner: null,
				n: 12,
				outcome: "retry",
			},
		]);
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("is left to its last attempt while that is under way", async () => {
		await owed(store);
		await die(11);
		await claim();

		const exhausted = await exhaustLost(store.db, 100);

		expect(exhausted).toBe(0);
	});

	it("does not come due again together with those that were claimed with it", async () => {
		for (let n = 0; n < 20; n += 1)
			await owed(store, `https://${n}.example.com`);
		await claim();

		const [spread] = await store.db.$queryRaw<{ instants: number }[]>`
			select count(distinct date_trunc('second', due_at))::int as instants from delivery`;

		expect(spread?.instants).toBeGreaterThan(5);
	});
});
