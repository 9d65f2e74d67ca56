import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { BudgetPeriod } from "../domain/budget.ts";
import { ageJobs, anOldJob, keepS } from "../testing/aged.ts";
import { findViolations } from "../testing/audit.ts";
import { aKeyId, aPricedJob } from "../testing/budgeted.ts";
import { claimOne } from "../testing/claims.ts";
import { aJob } from "../testing/factories.ts";
import { anOutput, aSuccess } from "../testing/reports.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import {
	findBudget,
	foldBudgetChanges,
	recheckBudget,
	setBudget,
} from "./budgets.ts";
import { findJob } from "./jobs.ts";
import { pruneJobs } from "./prune-jobs.ts";
import { settleSubmission } from "./settle.ts";
import { findUsage } from "./usage.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	await clearTestStore(store);
});
afterAll(() => store.close());

const prune = () => pruneJobs(store.db, { afterId: "", keepS });
const until = new Date(Date.now() + 86_400_000);
const from = new Date(until.getTime() - 300 * 86_400_000);
const usage = (groups: Parameters<typeof findUsage>[1]["groups"] = []) =>
	findUsage(store.db, { tenantId: store.tenantId, from, until, groups });

describe("the money of removed jobs", () => {
	it("stays in the usage, whichever way it is told apart", async () => {
		const keyId = await aKeyId(store);
		for (const [n, tags] of [["x", "y"], [], ["y"]].entries()) {
			await aPricedJob(store, 100, { tags, keyId: n === 0 ? keyId : null });
			const claimed = await claimOne(store.db, "w");
			await settleSubmission(
				store.db,
				aSuccess(String(claimed?.id), {
					output: anOutput({ cost_points: 50 + n }),
				}),
			);
		}
		const kept = await aJob(store, { state: "failed", submission: "lapsed" });
		const rows = await store.db.$queryRaw<{ id: string }[]>`select id from job`;
		await ageJobs(
			store.db,
			rows.map(({ id }) => id),
			40,
		);
		const groups = [
			[],
			["day"],
			["mode"],
			["tag"],
			["state"],
			["key"],
			["day", "mode", "tag", "state", "key"],
		] as const;
		const before = await Promise.all(groups.map((one) => usage(one)));

		const { rows: gone } = await prune();

		expect(gone.job).toBe(3);
		expect(await findJob(store.db, store.tenantId, kept.id)).not.toBeNull();
		expect(await Promise.all(groups.map((one) => usage(one)))).toEqual(before);
	});

	it("stays in a budget of all time and in that of its key, also when they are counted anew", async () => {
		const keyId = await aKeyId(store);
		const names = [null, keyId].map((key) => ({
			...{ tenantId: store.tenantId, keyId: key },
			period: "total" as const,
		}));
		for (const name of names) await setBudget(store.db, name, 1_000);
		const { id } = await aPricedJob(store, 100, { keyId });
		const claimed = await claimOne(store.db, "w");
		await settleSubmission(store.db, aSuccess(String(claimed?.id)));
		await foldBudgetChanges(store.db, 10);
		await ageJobs(store.db, [id], 40);

		const { rows } = await prune();
		const differences = [
			await recheckBudget(store.db, -1),
			await recheckBudget(store.db, -1),
		];

		expect(rows.job).toBe(1);
		expect(differences).toEqual([null, null]);
		for (const name of names) {
			const budget = await findBudget(store.db, name);
			expect(budget).toMatchObject({ used_points: 120, reserved_points: 0 });
		}
	});

	it("is in the budgets of its own periods and keys alone", async () => {
		const keyId = await aKeyId(store);
		await store.db.$executeRaw`
			insert into usage_day (tenant_id, day, mode, state, key_id, tags_sha, tags, jobs, submissions, video_seconds,
				spent_points)
			select ${store.tenantId}, day, 'text', 'succeeded', key, '', '{}', 1, 1, 5, points
			from (values ((now() at time zone 'UTC')::date, ${keyId}, 1),
				((now() at time zone 'UTC')::date - 400, ${keyId}, 10),
				((now() at time zone 'UTC')::date - 400, '', 100)) as sums (day, key, points)`;
		const used = async (key: string | null, period: BudgetPeriod) => {
			const name = { tenantId: store.tenantId, keyId: key, period };
			await setBudget(store.db, name, 1);
			return (await findBudget(store.db, name))?.used_points;
		};

		const found = [
			await used(null, "day"),
			await used(null, "month"),
			await used(null, "total"),
			await used(keyId, "total"),
		];

		expect(found).toEqual([1, 1, 111, 11]);
	});

	it("is what a new budget of all time begins with", async () => {
		await anOldJob(store);
		const name = {
			tenantId: store.tenantId,
			keyId: null,
			period: "total",
		} as const;
		await prune();

		await setBudget(store.db, name, 1_000);

		const budget = await findBudget(store.db, name);
		expect(budget).toMatchObject({ used_points: 120, reserved_points: 0 });
	});

	it("removes ten thousand in statements of a hundred", async () => {
		await store.db.$executeRaw`
			insert into job (id, tenant_id, action, mode, input, fingerprint, state, live, ready, start_by, timeout_s,
				max_submissions, submission_seq, submissions, result, charged, cost_points, video_seconds, created_at,
				finished_at)
			select new_id('job'), ${store.tenantId}, 'a', 'text', '{}', '\\x00', 'succeeded', false, false, now(), 60, 3, 1, 1,
				'{}', 'yes', 70, 5, now() - interval '50 days', now() - interval '40 days' from generate_series(1, 10000)`;
		await store.db.$executeRaw`
			insert into submission (id, job_id, n, state, live, charged, output, callback_due_at, settled_at)
			select new_id('sub'), id, 1, 'succeeded', false, 'yes', '{"cost_points": 70}', now(), now() from job`;
		const before = await usage(["day", "mode", "tag", "state", "key"]);

		const steps = [];
		for (let afterId: string | null = ""; afterId !== null; ) {
			const step = await pruneJobs(store.db, { afterId, keepS });
			steps.push(step.rows.job ?? 0);
			afterId = step.lastId;
		}

		expect(Math.max(...steps)).toBe(100);
		expect(steps.reduce((sum, n) => sum + n, 0)).toBe(10_000);
		expect(await usage(["day", "mode", "tag", "state", "key"])).toEqual(before);
		expect(before.total.spent_points).toBe(700_000);
	}, 60_000);
});
