/**
 * Random histories of several tenants, keys and budgets, whose steps run at the same time. After each round every counter must
 * be the sum over the rows, counted here and not by the database's functions; and where no job costs more than was
 * expected of it, no budget may ever be passed.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BudgetPeriod, budgetPeriods } from "../domain/budget.ts";
import { findViolations } from "../testing/audit.ts";
import { aKeyId, excessOf } from "../testing/budgeted.ts";
import { claimOne } from "../testing/claims.ts";
import { aTenant } from "../testing/factories.ts";
import { aFailure, anError, anOutput, aSuccess } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import {
	endBudget,
	foldBudgetChanges,
	listBudgets,
	recheckBudget,
	setBudget,
} from "./budgets.ts";
import { applyCancel } from "./jobs.ts";
import { expireQueued } from "./ready.ts";
import { resubmitJob } from "./resolve.ts";
import { settleSubmission } from "./settle.ts";
import { lapseOverdue, markOverdue } from "./submission-sweeps.ts";
import { doubtSubmission, rejectSubmission } from "./submissions.ts";

let store: TestStore;
let tenants: { id: string; keys: string[] }[];
beforeAll(async () => {
	store = await openTestStore();
	tenants = [];
	for (const id of [store.tenantId, await aTenant(store)]) {
		tenants.push({
			id,
			keys: [await aKeyId(store, id), await aKeyId(store, id)],
		});
	}
});
afterAll(() => store.close());

const budget = fc.record({
	tenant: fc.integer({ min: 0, max: 1 }),
	key: fc.constantFrom(null, 0, 1),
	period: fc.constantFrom<BudgetPeriod>(...budgetPeriods),
	limit: fc.integer({ min: 0, max: 300 }),
});
const step = fc.record({
	what: fc.constantFrom(
		...(["create", "create", "create", "claim", "claim", "settle"] as const),
		...(["settle", "fail", "doubt", "reject", "resubmit", "cancel"] as const),
		...(["expire", "overdue", "lapse", "fold"] as const),
	),
	/** Which job or submission, tenant and key. */
	pick: fc.nat({ max: 1_000 }),
	points: fc.integer({ min: 0, max: 120 }),
});
const change = fc.record({ what: fc.constantFrom("set", "end"), budget });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
type Budget = Change["budget"];

const rounds = <T>(one: fc.Arbitrary<T>) =>
	fc.array(fc.array(one, { minLength: 1, maxLength: 7 }), {
		minLength: 4,
		maxLength: 12,
		size: "max",
	});

const nameOf = ({ tenant, key, period }: Budget) => ({
	tenantId: String(tenants[tenant]?.id),
	keyId: key === null ? null : String(tenants[tenant]?.keys[key]),
	period,
});

/** One row of those that may be meant, or nothing. */
async function pickId(table: "job" | "submission", pick: number) {
	const rows =
		table === "job"
			? await store.db.$queryRaw<{ id: string }[]>`select id from job`
			: await store.db.$queryRaw<{ id: string }[]>`select id from submission`;
	return rows[pick % Math.max(1, rows.length)]?.id ?? "";
}

async function create({ pick, points }: Step): Promise<void> {
	const tenant = tenants[pick % 2];
	const keyId = [null, ...(tenant?.keys ?? [])][pick % 3] ?? null;
	const job = { tenantId: String(tenant?.id), keyId, maxSubmissions: 3 };
	await excessOf(store, points, job);
}

const settle = (id: string, points: number) =>
	settleSubmission(
		store.db,
		aSuccess(id, { output: anOutput({ cost_points: points }) }),
	);

/** How a submission ends, always the same way, and for what was expected of it. */
async function endAsExpected(pick: number): Promise<unknown> {
	const id = await pickId("submission", pick);
	if (id.charCodeAt(id.length - 1) % 3 === 0) {
		return settleSubmission(store.db, aFailure(id));
	}
	const rows = await store.db.$queryRaw<{ points: number }[]>`
		select estimate_points as points from job join submission on job_id = job.id where submission.id = ${id}`;
	return settle(id, rows[0]?.points ?? 0);
}

/** Runs one step. */
async function run(one: Step): Promise<unknown> {
	const { db } = store;
	const { what, pick, points } = one;
	switch (what) {
		case "create":
			return create(one);
		case "claim":
			return claimOne(db, "w");
		case "settle":
			return settle(await pickId("submission", pick), points);
		case "fail":
			return settleSubmission(
				db,
				aFailure(await pickId("submission", pick), {
					charged: points % 2 === 0 ? "no" : "possible",
				}),
			);
		case "doubt": {
			const submissionId = await pickId("submission", pick);
			return doubtSubmission(db, {
				submissionId,
				reason: "lost",
				httpStatus: null,
			});
		}
		case "reject":
			return rejectSubmission(db, {
				submissionId: await pickId("submission", pick),
				httpStatus: 503,
				reason: "no",
				delayMs: 0,
				returnsBudget: points % 2 === 0,
				exhausted: anError("provider_error"),
			});
		case "resubmit":
			return resubmitJob(db, await pickId("submission", pick));
		case "cancel": {
			const id = await pickId("job", pick);
			const tenant = tenants[pick % 2]?.id ?? "";
			return applyCancel(db, tenant, id);
		}
		case "expire":
			await db.$executeRaw`update job set start_by = now() where ready and random() < 0.5`;
			return expireQueued(db, 20, anError("start_deadline_passed"));
		case "overdue":
			await db.$executeRaw`update submission set callback_due_at = now() where live and state <> 'intent'`;
			return markOverdue(db, 20);
		case "lapse":
			await db.$executeRaw`update submission set callback_due_at = now() where live and overdue_at is not null`;
			return lapseOverdue(db, 20, anError("no_result"));
		case "fold":
			return foldBudgetChanges(db, 20);
	}
}

/** Every budget with what it has counted, and with what the rows say, summed up here. */
async function readCounters() {
	const jobs = await store.db.$queryRaw<
		{
			tenant_id: string;
			key_id: string | null;
			live: boolean;
			charged: string;
			cost_points: number | null;
			estimate_points: number | null;
		}[]
	>`select tenant_id, key_id, live, charged, cost_points, estimate_points from job`;
	const lists = await Promise.all(
		tenants.map(({ id }) => listBudgets(store.db, id)),
	);
	return lists.flatMap((budgets, at) =>
		budgets.map((one) => {
			const under = jobs.filter(
				(job) =>
					job.tenant_id === tenants[at]?.id &&
					(one.key_id === null || one.key_id === job.key_id),
			);
			let [used, reserved] = [0, 0];
			for (const job of under) {
				const [cost, estimate] = [job.cost_points, job.estimate_points ?? 0];
				if (job.live) reserved += Math.max(cost ?? 0, estimate);
				else if (job.charged !== "no") used += cost ?? estimate;
			}
			return { counter: one, used, reserved };
		}),
	);
}

async function expectToAgree(): Promise<void> {
	for (const { counter, used, reserved } of await readCounters()) {
		expect([counter.used_points, counter.reserved_points]).toEqual([
			used,
			reserved,
		]);
	}
}

const isDear = (what: string) => what === "reject" || what === "resubmit";

describe("whatever happens to jobs at the same time", () => {
	it("no budget is passed by what was expected, and each counter is the sum over the rows", async () => {
		let [refused, seen] = [0, 0];

		await fc.assert(
			fc.asyncProperty(
				fc.array(budget, { minLength: 1, maxLength: 5 }),
				rounds(step),
				async (budgets, history) => {
					await clearTestStore(store);
					for (const one of budgets) {
						await setBudget(store.db, nameOf(one), one.limit);
					}
					for (const round of history) {
						// A report that contradicts an earlier one, or a second submission, may cost what nobody expected.
						const steps = round.filter(({ what }) => !isDear(what));
						await Promise.all(
							steps.map((one) =>
								["settle", "fail"].includes(one.what)
									? endAsExpected(one.pick)
									: run(one),
							),
						);
						await expectToAgree();
						for (const { counter } of await readCounters()) {
							const { used_points, reserved_points, limit_points } = counter;
							seen += 1;
							expect(used_points + reserved_points).toBeLessThanOrEqual(
								limit_points,
							);
							if (used_points + reserved_points + 120 > limit_points) {
								refused += 1;
							}
						}
					}
				},
			),
			{ numRuns: 25, interruptAfterTimeLimit: 10_000 },
		);

		expect(refused).toBeGreaterThan(0);
		expect(seen).toBeGreaterThan(refused);
	}, 60_000);

	it("each counter is the sum over the rows while budgets come, change and go, whatever jobs cost", async () => {
		const either = fc.oneof({ weight: 5, arbitrary: step }, change);

		await fc.assert(
			fc.asyncProperty(rounds(either), async (history) => {
				await clearTestStore(store);
				for (const round of history) {
					await Promise.all(
						round.map((one) => {
							if ("pick" in one) return run(one);
							return one.what === "set"
								? setBudget(store.db, nameOf(one.budget), one.budget.limit)
								: endBudget(store.db, nameOf(one.budget));
						}),
					);
					await expectToAgree();
				}
				const found = await findViolations(store.db);
				expect(found.filter(({ rule }) => rule.includes("budget has"))).toEqual(
					[],
				);
				for (let n = 0; n < 18; n += 1) {
					expect(await recheckBudget(store.db, -1)).not.toBeTruthy();
				}
			}),
			{ numRuns: 25, interruptAfterTimeLimit: 10_000 },
		);
	}, 60_000);
});
