import { settleSubmission } from "@reelay/shared/store/settle";
import { aPricedJob } from "@reelay/shared/testing/budgeted";
import { claimOne } from "@reelay/shared/testing/claims";
import { anOutput, aSuccess } from "@reelay/shared/testing/reports";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "@reelay/shared/testing/store";
import { watchDatabase } from "@reelay/shared/testing/watch-database";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPriceEstimator } from "./estimate-price.ts";

const action = "see2ai_video_generation_kling_3_0_v1";
const input = { duration: "5", mode: "pro", sound: false };

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

async function pay(points: number | null): Promise<void> {
	await aPricedJob(store, 1);
	const claimed = await claimOne(store.db, "w");
	const output = anOutput({ cost_points: points });
	await settleSubmission(store.db, aSuccess(String(claimed?.id), { output }));
}
const estimate = (asked: object = input) =>
	createPriceEstimator(store.db, 40)({ action, input: { ...asked } });

describe("the estimate of a job", () => {
	it("is so much for each second while nobody has paid for the like", async () => {
		await pay(null);

		expect(await estimate()).toEqual({
			priceClass: "pro/5s/silent",
			videoSeconds: 5,
			estimatePoints: 200,
		});
	});

	it("is what nine in ten have cost, of the last hundred of its class", async () => {
		for (const points of [70, 70, 70, 70, 70, 70, 70, 70, 75, 900]) {
			await pay(points);
		}

		expect(await estimate()).toMatchObject({ estimatePoints: 75 });
		expect(await estimate({ ...input, mode: "std" })).toMatchObject({
			estimatePoints: 200,
		});
		expect(await estimate({ ...input, multi_shots: true })).toMatchObject({
			priceClass: "pro/5s/sound",
		});
	});

	it("believes a new price once it is the rule", async () => {
		for (let n = 0; n < 5; n += 1) await pay(70);
		await store.db
			.$executeRaw`update job set finished_at = now() - interval '1 day'`;
		await store.db.$executeRaw`
			insert into job (id, tenant_id, action, mode, input, fingerprint, state, live, ready, start_by, timeout_s,
				max_submissions, result, finished_at, charged, cost_points, price_class)
			select new_id('job'), tenant_id, action, mode, input, fingerprint, state, live, ready, start_by, timeout_s,
				max_submissions, result, now(), charged, 50, price_class
			from (select * from job limit 1) as job, generate_series(1, 100)`;

		expect(await estimate()).toMatchObject({ estimatePoints: 50 });
	});

	it("costs one read a minute for each class", async () => {
		let reads = 0;
		const db = watchDatabase(store.db, () => {
			reads += 1;
		});
		const estimatePrice = createPriceEstimator(db, 40);

		for (let n = 0; n < 3; n += 1) await estimatePrice({ action, input });

		expect(reads).toBe(1);
	});
});
