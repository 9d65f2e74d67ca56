import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { aJob } from "../testing/factories.ts";
import { anAttempt } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { type AttemptRecord, recordAttempt } from "./attempts.ts";
import {
	type ClaimedDelivery,
	claimDueDeliveries,
	returnUnheardDeliveries,
} from "./deliveries.ts";

const webhookUrl = "https://example.com/hook";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

/** A job that ended, and so owes a delivery. */
const owed = (url = webhookUrl) =>
	aJob(store, { state: "succeeded", webhookUrl: url });
const claim = (workerId = "worker-1", limit = 100) =>
	claimDueDeliveries(store.db, workerId, limit);
const claimOne = async (workerId = "worker-1"): Promise<ClaimedDelivery> => {
	const [delivery] = await claim(workerId);
	if (delivery === undefined) throw new Error("nothing is due");
	return delivery;
};
const record = (
	delivery: ClaimedDelivery,
	overrides: Partial<AttemptRecord> = {},
) => recordAttempt(store.db, anAttempt(delivery, overrides));
const readDelivery = async () =>
	(
		await store.db.$queryRaw<unknown[]>`
			select state, attempts, lease_owner, last_status, last_error,
				round(extract(epoch from due_at - now()))::int as due_in_s, finished_at is not null as finished
			from delivery`
	)[0];

describe("returnUnheardDeliveries", () => {
	it("takes the attempt back that was never made, so that the schedule goes on where it was", async () => {
		await owed();
		await record(await claimOne("worker-1/1"), { nextInMs: 0 });
		await claimOne("worker-1/2");

		const returned = await returnUnheardDeliveries(store.db, ["worker-1/2"]);

		expect(returned).toBe(1);
		const again = await claimOne("worker-1/3");
		expect(again).toMatchObject({ attempt: 2, owner: "worker-1/3" });
		expect(await record(again, { outcome: "delivered" })).toBe("delivered");
		expect(await readDelivery()).toMatchObject({ attempts: 2 });
		expect(await findViolations(store.db)).toEqual([]);
	});

	it("leaves alone what was heard, what another claim has, and what has ended", async () => {
		await owed();
		await record(await claimOne("worker-1/1"), { outcome: "delivered" });
		await owed();
		await claimOne("worker-1/2");

		const returned = await returnUnheardDeliveries(store.db, [
			"worker-1/1",
			"worker-1/3",
		]);

		expect(returned).toBe(0);
	});

	it("changes nothing when it is repeated", async () => {
		await owed();
		await claimOne("worker-1/1");

		await returnUnheardDeliveries(store.db, ["worker-1/1"]);
		const again = await returnUnheardDeliveries(store.db, ["worker-1/1"]);

		expect(again).toBe(0);
		expect(await readDelivery()).toMatchObject({ attempts: 0 });
	});
});
