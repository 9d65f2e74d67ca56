import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aKeyId, aPricedJob, excessOf } from "../testing/budgeted.ts";
import { claimOne } from "../testing/claims.ts";
import { aTenant } from "../testing/factories.ts";
import { aFailure, anError, anOutput, aSuccess } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import type { NewJob } from "./accept.ts";
import {
	type BudgetName,
	endBudget,
	findBudget,
	foldBudgetChanges,
	listBudgets,
	recheckBudget,
	setBudget,
} from "./budgets.ts";
import { applyCancel } from "./jobs.ts";
import { expireQueued } from "./ready.ts";
import { settleSubmission } from "./settle.ts";

let store: TestStore;
let keys: string[];
beforeAll(async () => {
	store = await openTestStore();
	keys = [await aKeyId(store), await aKeyId(store)];
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const ours = (more: Partial<BudgetName> = {}): BudgetName => ({
	tenantId: store.tenantId,
	keyId: null,
	period: "day",
	...more,
});
const create = (points: number, more: Partial<NewJob> = {}) =>
	aPricedJob(store, points, more);
const refusalOf = (points: number, more: Partial<NewJob> = {}) =>
	excessOf(store, points, more);
const counts = async (name = ours()) => {
	const budget = await findBudget(store.db, name);
	return budget && [budget.used_points, budget.reserved_points];
};
async function submit(): Promise<string> {
	const claimed = await claimOne(store.db, "w");
	if (claimed === null) throw new Error("there was nothing to claim");
	return claimed.id;
}
const countJobs = async () =>
	(
		await store.db.$queryRaw<{ count: number }[]>`
			select count(*)::int as count from job`
	)[0]?.count;

describe("a job under a budget", () => {
	it("reserves what it may cost, and is refused with the whole truth when less is left", async () => {
		await setBudget(store.db, ours(), 100);
		await create(70);

		const excess = await refusalOf(31);

		expect(excess).toMatchObject({
			key_id: null,
			period: "day",
			limit_points: 100,
			used_points: 0,
			reserved_points: 70,
			needed_points: 31,
		});
		expect(await countJobs()).toBe(1);
		expect(await counts()).toEqual([0, 70]);
		expect(await refusalOf(30)).toBeNull();
	});

	it("uses what it cost once it has ended, and gives the rest back", async () => {
		await setBudget(store.db, ours(), 100);
		await create(100);
		const output = anOutput({ cost_points: 60 });

		await settleSubmission(store.db, aSuccess(await submit(), { output }));

		expect(await counts()).toEqual([60, 0]);
		expect(await refusalOf(41)).not.toBeNull();
		expect(await refusalOf(40)).toBeNull();
	});

	it("is settled however much it cost, also beyond the limit", async () => {
		await setBudget(store.db, ours(), 100);
		await create(100);
		const output = anOutput({ cost_points: 260 });

		const settled = await settleSubmission(
			store.db,
			aSuccess(await submit(), { output }),
		);

		expect(settled.ended).toBe(true);
		expect(await counts()).toEqual([260, 0]);
		expect(await refusalOf(1)).toMatchObject({ used_points: 260 });
		expect(await refusalOf(0)).toBeNull();
	});

	it.each([
		[
			"fails free of charge",
			async () => settleSubmission(store.db, aFailure(await submit())),
			[0, 0],
		],
		[
			"fails and may have been charged",
			async () =>
				settleSubmission(
					store.db,
					aFailure(await submit(), { charged: "possible" }),
				),
			[70, 0],
		],
		[
			"is cancelled in the queue",
			(id: string) => applyCancel(store.db, store.tenantId, id),
			[0, 0],
		],
		[
			"expires",
			async () => {
				await store.db.$executeRaw`update job set start_by = now()`;
				await expireQueued(store.db, 5, anError("start_deadline_passed"));
			},
			[0, 0],
		],
	] as const)(
		"counts what is left of it when it %s",
		async (_how, end, expected) => {
			await setBudget(store.db, ours(), 100);
			const { id } = await create(70);

			await end(id);

			expect(await counts()).toEqual(expected);
			await foldBudgetChanges(store.db, 10);
			expect(await counts()).toEqual(expected);
			expect(await recheckBudget(store.db, -1)).toBeNull();
		},
	);

	it("leaves nothing behind when its idempotency key is taken, whatever the budget says", async () => {
		const same = { idempotencyKey: "key-1" };
		await create(70, same);
		await setBudget(store.db, ours(), 70);

		const second = create(70, same);

		await expect(second).rejects.toThrow("the job was not written");
		expect(await counts()).toEqual([0, 70]);
	});

	it("falls under the budgets of its own key and of its own tenant alone", async () => {
		const [mine, other] = keys as [string, string];
		await setBudget(store.db, ours(), 200);
		await setBudget(store.db, ours({ keyId: mine }), 100);

		await create(90, { keyId: mine });
		await create(50, { keyId: other });
		await create(500, { tenantId: await aTenant(store) });

		expect(await counts(ours({ keyId: mine }))).toEqual([0, 90]);
		expect(await counts()).toEqual([0, 140]);
		expect(await refusalOf(20, { keyId: mine })).toMatchObject({
			key_id: mine,
		});
		expect(await refusalOf(61, { keyId: other })).toMatchObject({
			key_id: null,
		});
	});

	it("counts in the period of its creation", async () => {
		await setBudget(store.db, ours(), 100);
		await setBudget(store.db, ours({ period: "total" }), 1_000);
		const { id } = await create(100);
		await store.db.$executeRaw`
			update budget_period set starts_at = starts_at - interval '1 day'
			where starts_at > '1970-01-01'`;
		await store.db.$executeRaw`
			update budget set counted_from = counted_from - interval '1 day' where period = 'day'`;
		await store.db.$executeRaw`
			update job set created_at = created_at - interval '1 day' where id = ${id}`;

		const today = await refusalOf(100);
		await applyCancel(store.db, store.tenantId, id);

		expect(today).toBeNull();
		expect(await counts()).toEqual([0, 100]);
		expect(await counts(ours({ period: "total" }))).toEqual([0, 100]);
	});
});

describe("a budget", () => {
	it("begins with what the jobs of its period count already", async () => {
		await create(100);
		const output = anOutput({ cost_points: 60 });
		await settleSubmission(store.db, aSuccess(await submit(), { output }));
		await create(30);
		await store.db.$executeRaw`
			update job set created_at = now() - interval '40 days' where id = ${(await create(500)).id}`;

		await setBudget(store.db, ours({ period: "month" }), 100);

		expect(await counts(ours({ period: "month" }))).toEqual([60, 30]);
	});

	it("keeps what it has counted when its limit changes", async () => {
		await setBudget(store.db, ours(), 100);
		await create(70);

		await setBudget(store.db, ours(), 50);

		expect(await counts()).toEqual([0, 70]);
		expect(await refusalOf(1)).toMatchObject({ limit_points: 50 });
		expect(await listBudgets(store.db, store.tenantId)).toHaveLength(1);
	});

	it("refuses nothing once it has ended", async () => {
		await setBudget(store.db, ours(), 0);
		const before = await refusalOf(1);

		const ended = await endBudget(store.db, ours());

		expect(before).not.toBeNull();
		expect(ended).toBe(true);
		expect(await endBudget(store.db, ours())).toBe(false);
		expect(await refusalOf(1)).toBeNull();
	});

	it("is one, however many make it at once", async () => {
		await create(70);

		await Promise.all(
			[100, 200, 300, 400].map((limit) => setBudget(store.db, ours(), limit)),
		);

		expect(await listBudgets(store.db, store.tenantId)).toHaveLength(1);
		expect(await counts()).toEqual([0, 70]);
	});

	it("is counted anew when somebody wrote past the triggers, and says what was missing", async () => {
		await setBudget(store.db, ours(), 1_000);
		const { id } = await create(70);
		await create(30);
		await store.db.$executeRaw`delete from timeline where job_id = ${id}`;
		await store.db.$executeRaw`delete from job where id = ${id}`;

		const difference = await recheckBudget(store.db, -1);

		expect(difference).toMatchObject({ reserved_points: -70, used_points: 0 });
		expect(await counts()).toEqual([0, 30]);
		expect(await recheckBudget(store.db, -1)).toBeNull();
		expect(await recheckBudget(store.db, 600)).toBeUndefined();
	});
});
