import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aJob, submissionOf } from "../testing/factories.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { reread } from "../testing/written.ts";
import { listUnheardIntents, renewLeases } from "./claim.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

describe("renewLeases", () => {
	it("extends the leases that it is given, also of its owner's no other, and gives none to what was answered", async () => {
		const held = await aJob(store, { state: "submitting", leaseInS: 5 });
		const unheard = await aJob(store, { state: "submitting", leaseInS: 5 });
		const answered = await aJob(store, { state: "rendering" });

		const renewed = await renewLeases(
			store.db,
			[held, answered].map(submissionOf),
		);

		expect(renewed).toBe(1);
		const long = await store.db.$queryRaw`
			select id from submission where lease_until > now() + interval '50 s'`;
		expect(long).toEqual([{ id: submissionOf(held) }]);
		expect(await reread(store, unheard)).toMatchObject({ state: "submitting" });
	});

	it("renews nothing for a worker that waits for nothing", async () => {
		await aJob(store, { state: "submitting" });

		expect(await renewLeases(store.db, [])).toBe(0);
	});
});

describe("listUnheardIntents", () => {
	it("finds the intents of these claims, and nothing that was answered or is another's", async () => {
		const unheard = await aJob(store, { state: "submitting", workerId: "w/1" });
		await aJob(store, { state: "submitting", workerId: "w/2" });
		await aJob(store, { state: "rendering", workerId: "w/1" });

		expect(await listUnheardIntents(store.db, ["w/1", "w/3"])).toEqual([
			submissionOf(unheard),
		]);
	});
});
