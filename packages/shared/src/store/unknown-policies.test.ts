import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import { allOtherStates, changedBy } from "../testing/cast.ts";
import { claimOne } from "../testing/claims.ts";
import {
	aJob,
	type JobSpec,
	submissionOf,
	type TestJob,
} from "../testing/factories.ts";
import { anError, aReceivedCallback, aSuccess } from "../testing/reports.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { reread } from "../testing/written.ts";
import { applyCancel } from "./jobs.ts";
import { settleSubmission } from "./settle.ts";
import {
	applyUnknownPolicies,
	markOverdue,
	rescueLeases,
} from "./submission-sweeps.ts";

const webhookUrl = "https://example.com/hook";
const due = { state: "unknown", callbackDueInS: -1, webhookUrl } as const;
const resubmits = { ...due, onUnknown: "resubmit_once" } as const;

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterEach(async () => {
	expect(await findViolations(store.db)).toEqual([]);
	await clearTestStore(store);
});
afterAll(() => store.close());

const apply = (limit = 100) =>
	applyUnknownPolicies(store.db, limit, anError("outcome_unknown"));

/** Every state in which a policy has nothing to say, for a job whose policy is not hold. */
function bystanders(policy: "fail" | "resubmit_once"): Record<string, JobSpec> {
	const others = Object.entries(allOtherStates).map(
		([name, spec]) => [name, { ...spec, onUnknown: policy }] as const,
	);
	return {
		...Object.fromEntries(others),
		holds: due,
		rendersLate: { ...due, state: "rendering", onUnknown: policy },
		postsLate: { ...due, state: "submitting", onUnknown: policy },
		isOverdue: {
			...due,
			state: "overdue",
			submission: "unknown",
			onUnknown: policy,
		},
	};
}

describe("applyUnknownPolicies", () => {
	it("fails what says fail, tells that it may have been charged, and touches nothing else", async () => {
		const { changed, jobs } = await changedBy(
			store,
			{ fails: { ...due, onUnknown: "fail" }, ...bystanders("fail") },
			apply,
		);

		expect(changed).toEqual(["fails"]);
		expect(await reread(store, jobs.fails as TestJob)).toMatchObject({
			state: "failed",
			error: { code: "outcome_unknown" },
			charged: "possible",
			resubmitted: false,
		});
	});

	it("queues what says resubmit_once, with time to start, and touches nothing else", async () => {
		const { changed, jobs } = await changedBy(
			store,
			{
				resubmits: { ...resubmits, startByInS: -60 },
				spent: { ...resubmits, maxSubmissions: 1 },
				again: { ...resubmits, resubmitted: true },
				...bystanders("resubmit_once"),
			},
			apply,
		);

		expect(changed).toEqual(["resubmits"]);
		expect(await reread(store, jobs.resubmits as TestJob)).toMatchObject({
			state: "queued",
			resubmitted: true,
			charged: "possible",
			submissions: 1,
		});
	});

	it("resubmits a job once, however often its outcome is unknown", async () => {
		const job = await aJob(store, { ...resubmits, maxSubmissions: 10 });
		await store.db.$executeRaw`
			update job set start_by = now() + interval '1 hour' where id = ${job.id}`;
		const first = await apply();
		await claimOne(store.db, "w");
		await store.db.$executeRaw`
			update submission set lease_until = now() - interval '1 s', callback_due_at = now() where live`;
		await rescueLeases(store.db, 100);

		const second = await apply();

		expect(first).toEqual({ failed: 0, resubmitted: 1, deliveries: 0 });
		expect(second).toEqual({ failed: 0, resubmitted: 0, deliveries: 0 });
		expect(await reread(store, job)).toMatchObject({
			state: "unknown",
			submissions: 2,
		});
	});

	it.each(["fail", "resubmit_once"] as const)(
		"ends a job whose cancel was asked for as cancelled, although it says %s",
		async (onUnknown) => {
			const job = await aJob(store, {
				...due,
				onUnknown,
				cancelRequested: true,
			});

			expect(await apply()).toEqual({
				failed: 1,
				resubmitted: 0,
				deliveries: 1,
			});

			expect(await reread(store, job)).toMatchObject({
				state: "cancelled",
				error: null,
				charged: "possible",
			});
		},
	);

	it("heeds a cancel that was asked for while it waited for the job", async () => {
		const job = await aJob(store, resubmits);
		const lock = await lockRow(store.url, { table: "job", id: job.id });
		const cancelling = applyCancel(store.db, store.tenantId, job.id);
		await lock.waiters(1);
		const applying = apply();
		await lock.waiters(2);

		await lock.release();

		await cancelling;
		expect(await applying).toMatchObject({ failed: 1, resubmitted: 0 });
		expect(await reread(store, job)).toMatchObject({ state: "cancelled" });
	});

	it("keeps a success that comes after it failed the job as surplus", async () => {
		const job = await aJob(store, { ...due, onUnknown: "fail" });
		await apply();

		const late = await settleSubmission(
			store.db,
			aSuccess(submissionOf(job), { callback: aReceivedCallback("succeeded") }),
		);

		expect(late).toMatchObject({ ended: false, callback_outcome: "surplus" });
		expect(await reread(store, job)).toMatchObject({
			state: "failed",
			charged: "yes",
			surplus_results: 1,
		});
	});

	it("leaves a success that comes after it queued the job to be adopted", async () => {
		const job = await aJob(store, resubmits);
		await apply();

		const late = await settleSubmission(store.db, aSuccess(submissionOf(job)));

		expect(late).toMatchObject({ ended: true, job_state: "succeeded" });
		expect(await claimOne(store.db, "w")).toBeNull();
	});

	it("is not overtaken by the marking of what is overdue, however much there is to do", async () => {
		const fails = await aJob(store, { ...due, onUnknown: "fail" });
		const resubmitted = await aJob(store, resubmits);
		const spent = await aJob(store, { ...resubmits, maxSubmissions: 1 });

		const marked = await markOverdue(store.db, 100);

		expect(marked).toBe(1);
		expect(await reread(store, fails)).toMatchObject({ state: "unknown" });
		expect(await reread(store, resubmitted)).toMatchObject({
			state: "unknown",
		});
		expect(await reread(store, spent)).toMatchObject({ state: "overdue" });
	});

	it("applies each policy once when three sweepers meet, and no more than its limit", async () => {
		for (let n = 0; n < 6; n += 1) {
			await aJob(store, { ...due, onUnknown: "fail" });
			await aJob(store, resubmits);
		}

		const passes = await Promise.all([apply(3), apply(3), apply(3)]);
		const rest = await apply();

		const counts = [...passes, rest];
		for (const { failed, resubmitted } of passes) {
			expect(failed + resubmitted).toBeLessThanOrEqual(3);
		}
		expect(counts.reduce((sum, { failed }) => sum + failed, 0)).toBe(6);
		expect(counts.reduce((sum, one) => sum + one.resubmitted, 0)).toBe(6);
		expect(counts.reduce((sum, one) => sum + one.deliveries, 0)).toBe(6);
	});
});
