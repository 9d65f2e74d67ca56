import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aPricedJob, excessOf } from "../testing/budgeted.ts";
import { claimOne } from "../testing/claims.ts";
import { aTenant } from "../testing/factories.ts";
import { anError, aSuccess } from "../testing/reports.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import {
	type BudgetName,
	endBudget,
	findBudget,
	foldBudgetChanges,
	recheckBudget,
	setBudget,
} from "./budgets.ts";
import { applyCancel } from "./jobs.ts";
import { expireQueued } from "./ready.ts";
import { settleSubmission } from "./settle.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 12 });
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const ours = (tenantId = store.tenantId): BudgetName => ({
	tenantId,
	keyId: null,
	period: "day",
});
const counts = async (name = ours()) => {
	const budget = await findBudget(store.db, name);
	return budget && [budget.used_points, budget.reserved_points];
};
/** A transaction that is open until it is released. */
const openTransaction = () =>
	lockRow(store.url, { table: "governor", id: "see2ai" });

describe("jobs that come at the same moment", () => {
	it("get no more of a budget together than it has", async () => {
		await setBudget(store.db, ours(), 100);

		const refusals = await Promise.all(
			Array.from({ length: 12 }, () => excessOf(store, 30)),
		);

		expect(refusals.filter((one) => one === null)).toHaveLength(3);
		expect(await counts()).toEqual([0, 90]);
	});
});

describe("a budget that is made while jobs change", () => {
	it("waits for a job that is being written, and counts it", async () => {
		const { id } = await aPricedJob(store, 70);
		const other = await openTransaction();
		await other.write(`
			insert into job (id, tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions, estimate_points)
			select new_id('job'), tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions, 30
			from job where id = '${id}'`);

		const made = setBudget(store.db, ours(), 1_000);
		await other.waiters(1);
		await other.release();
		await made;

		expect(await counts()).toEqual([0, 100]);
	});

	it("waits for a job that is being ended, and counts it as that", async () => {
		const { id } = await aPricedJob(store, 70);
		const other = await openTransaction();
		await other.write(`
			update job set state = 'cancelled', live = false, ready = false, finished_at = now() where id = '${id}'`);

		const made = setBudget(store.db, ours(), 1_000);
		await other.waiters(1);
		await other.release();
		await made;

		expect(await counts()).toEqual([0, 0]);
	});

	it("lets jobs wait that come meanwhile, and they count themselves", async () => {
		await aPricedJob(store, 70);
		const other = await openTransaction();
		await other.write(
			`select set_budget('${store.tenantId}', null, 'day', 100)`,
		);

		const refused = excessOf(store, 31);
		await other.waiters(1);
		await other.release();

		expect(await refused).toMatchObject({ reserved_points: 70 });
		expect(await counts()).toEqual([0, 70]);
	});
});

describe("a budget that ends while its lines are folded in", () => {
	it("waits for its counter before it takes a line", async () => {
		await setBudget(store.db, ours(), 1_000);
		const { id } = await aPricedJob(store, 70);
		await applyCancel(store.db, store.tenantId, id);
		const folding = await openTransaction();
		await folding.write("select from budget_period for update");

		const ended = endBudget(store.db, ours());
		await folding.waiters(1);
		// What a fold does next; it would wait for the line, and the end for the counter.
		await folding.write("delete from budget_change");
		await folding.release();

		expect(await ended).toBe(true);
	});

	it("waits for it as well when it is counted anew", async () => {
		await setBudget(store.db, ours(), 1_000);
		const { id } = await aPricedJob(store, 70);
		await applyCancel(store.db, store.tenantId, id);
		await store.db.$executeRaw`update budget_period set used = 5`;
		const folding = await openTransaction();
		await folding.write("select from budget_period for update");

		const checked = recheckBudget(store.db, -1);
		await folding.waiters(1);
		await folding.write("delete from budget_change");
		await folding.release();

		expect(await checked).toMatchObject({ used_points: -5 });
		expect(await counts()).toEqual([0, 0]);
	});
});

describe("the end of a job", () => {
	it("waits for nobody who holds its budget's counter", async () => {
		await setBudget(store.db, ours(), 1_000);
		await aPricedJob(store, 120);
		const claimed = await claimOne(store.db, "w");
		const other = await openTransaction();
		await other.write("select from budget_period for update");

		await settleSubmission(store.db, aSuccess(String(claimed?.id)));

		await other.release();
		expect(await counts()).toEqual([120, 0]);
	});

	it("of many tenants' jobs, in sweeps, cancels and creates at once, makes no circle of waits", async () => {
		const tenants = [store.tenantId];
		for (let n = 0; n < 3; n += 1) tenants.push(await aTenant(store));
		const jobs: [tenantId: string, id: string][] = [];
		for (const tenantId of [...tenants, ...tenants, ...tenants, ...tenants]) {
			await setBudget(store.db, ours(tenantId), 100_000);
			const { id } = await aPricedJob(store, 10, { tenantId });
			jobs.push([tenantId, id]);
		}
		await store.db
			.$executeRaw`update job set start_by = now() - random() * interval '1 h'`;

		await Promise.all([
			...Array.from({ length: 6 }, () =>
				expireQueued(store.db, 5, anError("start_deadline_passed")),
			),
			...jobs.map(([tenantId, id]) => applyCancel(store.db, tenantId, id)),
			...tenants.map((tenantId) => aPricedJob(store, 7, { tenantId })),
			...tenants.map((tenantId) =>
				setBudget(store.db, { ...ours(tenantId), period: "total" }, 100_000),
			),
			foldBudgetChanges(store.db, 10),
			foldBudgetChanges(store.db, 10),
		]);

		for (const tenantId of tenants) {
			expect(await counts(ours(tenantId))).toEqual([0, 7]);
		}
		for (let n = 0; n < 2 * tenants.length; n += 1) {
			expect(await recheckBudget(store.db, -1)).toBeNull();
		}
	});
});
