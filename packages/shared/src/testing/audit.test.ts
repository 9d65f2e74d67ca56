import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { setBudget } from "../store/budgets.ts";
import { findViolations } from "./audit.ts";
import { aJob, aSubmission, submissionOf, type TestJob } from "./factories.ts";
import { grantedAgo } from "./grants.ts";
import { clearTestStore, openTestStore, type TestStore } from "./store.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(() => clearTestStore(store));
afterAll(() => store.close());

const url = "https://example.com/hook";
type Spoil = (job: TestJob) => Promise<unknown>;
const spoils: [rule: string, state: TestJob["state"], spoil: Spoil][] = [
	[
		"job state agrees with its submission",
		"submitting",
		({ id }) => store.db.$executeRaw`
			update job set state = 'rendering' where id = ${id}`,
	],
	[
		"a final job has no live submission, unless another one ended it",
		"cancelled",
		({ id }) => aSubmission(store, id, { state: "accepted" }),
	],
	[
		"chargeable submissions stay within the budget",
		"failed",
		async ({ id }) => {
			for (const state of ["lapsed", "lapsed", "lapsed", "lapsed"] as const) {
				await aSubmission(store, id, { state });
			}
		},
	],
	[
		"submissions are numbered without a gap",
		"rendering",
		({ id }) => store.db.$executeRaw`
			update job set submission_seq = 2 where id = ${id}`,
	],
	[
		"the job tells what its submissions cost",
		"succeeded",
		({ id }) => store.db.$executeRaw`
			update job set cost_points = 240 where id = ${id}`,
	],
	[
		"a live submission is possibly charged",
		"unknown",
		({ id }) => store.db.$executeRaw`
			update submission set charged = 'no' where job_id = ${id}`,
	],
	[
		"one final event for a final job, none for a live one",
		"failed",
		({ id }) => store.db.$executeRaw`
			insert into event (id, tenant_id, job_id, type, snapshot)
			select new_id('evt'), tenant_id, id, 'video.succeeded', '{}' from job where id = ${id}`,
	],
	[
		"one final line in the timeline of a final job",
		"expired",
		({ id }) => store.db.$executeRaw`
			insert into timeline (job_id, type) values (${id}, 'expired')`,
	],
	[
		"surplus results are counted and told",
		"succeeded",
		({ id }) => store.db.$executeRaw`
			update job set surplus_results = 1 where id = ${id}`,
	],
	[
		"the result is that of the submission that ended the job",
		"succeeded",
		({ id }) => store.db.$executeRaw`
			update submission set output = '{"cost_points": 120}' where job_id = ${id}`,
	],
	[
		"a job that never was sent costs nothing",
		"queued",
		({ id }) => store.db.$executeRaw`
			update job set charged = 'possible' where id = ${id}`,
	],
	[
		"a final event is owed to the job's URL, once",
		"cancelled",
		() => store.db.$executeRaw`delete from delivery`,
	],
	[
		"no attempt is logged that was not counted",
		"failed",
		() => store.db.$executeRaw`
			insert into attempt (delivery_id, n, outcome, duration_ms) select id, 1, 'retry', 5 from delivery`,
	],
	[
		"a delivery that ended has the attempt that ended it",
		"failed",
		() => store.db.$executeRaw`
			update delivery set state = 'delivered', due_at = null, finished_at = now()`,
	],
	[
		"a success that was kept is reflected",
		"rendering",
		(job) => store.db.$executeRaw`
			insert into callback (submission_id, body_sha, body, kind, outcome)
			values (${submissionOf(job)}, '\\x01', '{}', 'succeeded', 'ignored')`,
	],
	[
		"no running submission is older than the governor knows of",
		"rendering",
		() => store.db.$executeRaw`
			with g as (update governor set granted = 2, oldest_running = 2) update submission set grant_no = 1`,
	],
	[
		"no grant is numbered beyond the count",
		"failed",
		() => store.db.$executeRaw`update submission set grant_no = 1`,
	],
	[
		"a budget has counted what its jobs count",
		"queued",
		async () => {
			const name = { tenantId: store.tenantId, keyId: null };
			await setBudget(store.db, { ...name, period: "day" }, 100);
			await store.db.$executeRaw`update budget_period set reserved = 1`;
		},
	],
	[
		"grants are in the order of their numbers",
		"failed",
		() => grantedAgo(store, 1, 2),
	],
];

describe("the auditor", () => {
	it.each(spoils)(
		"notices when it no longer holds that %s",
		async (rule, state, spoil) => {
			const job = await aJob(store, { state, webhookUrl: url });
			const before = await findViolations(store.db);

			await spoil(job);

			const after = await findViolations(store.db);
			expect(before).toEqual([]);
			expect(after.map((violation) => violation.rule)).toContain(rule);
		},
	);

	it("calls a row forgotten only when a sweep is later than it may be", async () => {
		await aJob(store, { state: "rendering", callbackDueInS: -120 });

		const patient = await findViolations(store.db, { staleAfterS: 300 });
		const strict = await findViolations(store.db, { staleAfterS: 60 });

		expect(patient).toEqual([]);
		expect(strict.map(({ rule }) => rule)).toEqual([
			"no sweep has forgotten a row",
		]);
	});
});
