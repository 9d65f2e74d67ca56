/** What tests of budgets need: keys, jobs of a price, and who was refused. */
import type { BudgetExcess } from "../domain/budget.ts";
import type { JobRecord } from "../domain/job-record.ts";
import { insertJob, type NewJob } from "../store/accept.ts";
import { findBudgetExcess } from "../store/budgets.ts";
import { insertKey, newKeyId } from "../store/keys.ts";
import { aNewJob } from "./factories.ts";
import type { TestStore } from "./store.ts";

let keys = 0;

/** The id of a new key, of the first tenant unless another is given. */
export async function aKeyId(
	store: TestStore,
	tenantId = store.tenantId,
): Promise<string> {
	keys += 1;
	const { id } = await insertKey(store.db, {
		id: await newKeyId(store.db),
		tenantId,
		name: "test",
		prefix: "rl_",
		hash: Buffer.alloc(32, `budgeted ${keys}`),
		scopes: [],
		expiresAt: null,
		createdBy: null,
	});
	return id;
}

/** A queued job that is expected to cost so much; rejects when a budget does not allow it. */
export async function aPricedJob(
	store: TestStore,
	estimatePoints: number,
	overrides: Partial<NewJob> = {},
): Promise<JobRecord> {
	const price = { priceClass: "pro/5s/silent", videoSeconds: 5 };
	const job = aNewJob(store, {
		price: { ...price, estimatePoints },
		...overrides,
	});
	const row = await insertJob(store.db, job);
	if (row === null) throw new Error("the job was not written");
	return row;
}

/** Which budget refuses such a job; null when it was written. */
export async function excessOf(
	...job: Parameters<typeof aPricedJob>
): Promise<BudgetExcess | null> {
	try {
		await aPricedJob(...job);
		return null;
	} catch (error) {
		const excess = findBudgetExcess(error);
		if (excess === null) throw error;
		return excess;
	}
}
