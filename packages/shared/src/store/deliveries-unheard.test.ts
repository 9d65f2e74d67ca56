import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
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
import { returnUnheardDeliveries } from "./deliveries.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

describe("returnUnheardDeliveries", () => {
	it("takes the attempt back that was never made, so that the schedule goes on where it was", async () => {
		await owed(store);
		await recordAttemptOf(store, await claimDelivery(store, "worker-1/1"), {
			nextInMs: 0,
		});
		await claimDelivery(store, "worker-1/2");

		const returned = await returnUnheardDeliveries(store.db, ["worker-1/2"]);

		expect(returned).toBe(1);
		const again = await claimDelivery(store, "worker-1/3");
		expect(again).toMatchObject({ attempt: 2, owner: "worker-1/3" });
		expect(await recordAttemptOf(store, again, { outcome: "delivered" })).toBe(
			"delivered",
		);
		expect(await readDelivery(store)).toMatchObject({ attempts: 2 });
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("leaves alone what was heard, what another claim has, and what has ended", async () => {
		await owed(store);
		await recordAttemptOf(store, await claimDelivery(store, "worker-1/1"), {
			outcome: "delivered",
		});
		await owed(store);
		await claimDelivery(store, "worker-1/2");

		const returned = await returnUnheardDeliveries(store.db, [
			"worker-1/1",
			"worker-1/3",
		]);

		expect(returned).toBe(0);
	});

	it("changes nothing when it is repeated", async () => {
		await owed(store);
		await claimDelivery(store, "worker-1/1");

		await returnUnheardDeliveries(store.db, ["worker-1/1"]);
		const again = await returnUnheardDeliveries(store.db, ["worker-1/1"]);

		expect(again).toBe(0);
		expect(await readDelivery(store)).toMatchObject({ attempts: 0 });
	});
});
