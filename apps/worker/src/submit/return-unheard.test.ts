import { findViolations } from "@reelay/shared/testing/audit";
import { claimOne } from "@reelay/shared/testing/claims";
import { aJob } from "@reelay/shared/testing/factories";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "@reelay/shared/testing/store";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { returnUnheard } from "./return-unheard.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	await clearTestStore(store);
});
afterAll(() => store.close());

const find = (id: string) =>
	store.db.$queryRaw`
		select state, charged, submissions, not_before <= now() as is_due from job where id = ${id}`;

it("queues the job again at once, free of charge and with its budget, and it can be claimed", async () => {
	const job = await aJob(store, { maxSubmissions: 1 });
	await claimOne(store.db, "worker-1/1");

	const returned = await returnUnheard(store.db, ["worker-1/1"]);

	expect(returned).toBe(1);
	expect(await find(job.id)).toEqual([
		{ state: "queued", charged: "no", submissions: 0, is_due: true },
	]);
	expect(await claimOne(store.db, "worker-1/2")).toMatchObject({
		job_id: job.id,
		n: 2,
	});
});

it("leaves what other claims have taken, and what the lease sweep was faster to doubt", async () => {
	const other = await aJob(store, {
		state: "submitting",
		workerId: "worker-1/2",
	});
	await aJob(store, { state: "unknown", workerId: "worker-1/1" });

	const returned = await returnUnheard(store.db, ["worker-1/1"]);

	expect(returned).toBe(0);
	expect(await find(other.id)).toMatchObject([{ state: "submitting" }]);
});

it("changes nothing when it is repeated", async () => {
	await aJob(store, { state: "submitting", workerId: "worker-1/1" });

	const first = await returnUnheard(store.db, ["worker-1/1"]);
	const second = await returnUnheard(store.db, ["worker-1/1"]);

	expect([first, second]).toEqual([1, 0]);
});
