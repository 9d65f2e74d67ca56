/**
 * Random jobs, alone and in batches, old and young, in every state and with whatever may hang from them. Several workers prune
 * at the same moment, while callbacks, erasures and redeliveries come for the same jobs. What is gone afterwards must be what
 * a rule of this file's own lets go, or less where somebody held it; and no money may have moved.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isFinal, type JobState, jobStates } from "../domain/job.ts";
import type { SubmissionState } from "../domain/submission.ts";
import { ageJobs, keepS } from "../testing/aged.ts";
import { findViolations } from "../testing/audit.ts";
import { aJob } from "../testing/factories.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";
import { findBudget, recheckBudget, setBudget } from "./budgets.ts";
import { redeliver } from "./delivery-log.ts";
import { eraseJob } from "./erase.ts";
import { pruneEvents } from "./prune-events.ts";
import { pruneBatches, pruneJobs } from "./prune-jobs.ts";
import { findUsage } from "./usage.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore({ poolSize: 10 });
});
afterAll(() => store.close());

const ends: Partial<Record<JobState, SubmissionState[]>> = {
	failed: ["failed", "lapsed"],
};
// Mostly what may go, so that in each run something is gone and something is kept.
const spec = fc
	.record({
		state: fc.constantFrom(...jobStates, ...jobStates.filter(isFinal)),
		pick: fc.nat({ max: 1 }),
		days: fc.constantFrom(0, 20, 40, 40, 400, 400),
		owes: fc.constantFrom("nothing", "nothing", "sent", "sent", "open"),
		batch: fc.constantFrom(null, null, null, 0, 1),
		meanwhile: fc.constantFrom("nothing", "nothing", "erase", "redeliver"),
	})
	.map((one) => ({ ...one, submission: ends[one.state]?.[one.pick] }));
type Spec = typeof spec extends fc.Arbitrary<infer T> ? T : never;
type Made = Spec & { id: string };

async function make(one: Spec): Promise<Made> {
	const { id } = await aJob(store, {
		state: one.state,
		...(one.submission === undefined ? {} : { submission: one.submission }),
		...(one.owes === "nothing" ? {} : { webhookUrl: "https://example.com/" }),
	});
	if (one.owes === "sent") {
		await store.db.$executeRaw`
			with sent as (
				update delivery set state = 'delivered', due_at = null, finished_at = now(), attempts = 1
				where event_id in (select id from event where job_id = ${id}) returning id)
			insert into attempt (delivery_id, n, outcome, duration_ms) select id, 1, 'delivered', 1 from sent`;
	}
	await ageJobs(store.db, [id], one.days);
	return { ...one, id };
}

/** Puts jobs into their batch, which has ended if all of them have, when the youngest did. */
async function gather(jobs: readonly Made[], batch: number): Promise<void> {
	const ids = jobs.filter((job) => job.batch === batch).map(({ id }) => id);
	if (ids.length === 0) return;
	await store.db.$executeRaw`
		with made as (
			insert into batch (id, tenant_id, fingerprint, size, created_at, finished_at)
			select new_id('bat'), ${store.tenantId}, '\\x00', count(*), min(created_at),
				case when not bool_or(live) then max(finished_at) end
			from job where id = any(${ids}::text[]) returning *),
		told as (
			insert into event (id, tenant_id, type, snapshot, created_at)
			select new_id('evt'), tenant_id, 'batch.finished', jsonb_build_object('id', id), finished_at
			from made where finished_at is not null)
		update job set batch_id = made.id from made where job.id = any(${ids}::text[])`;
}

/** The rule: it has ended long ago, its charge is known, and nothing of it is to be delivered. */
const mayGoAlone = (job: Made) =>
	isFinal(job.state) &&
	job.days >= 40 &&
	job.submission !== "lapsed" &&
	job.owes !== "open";
const mayGo = (job: Made, jobs: readonly Made[]) =>
	job.batch === null
		? mayGoAlone(job)
		: jobs.filter(({ batch }) => batch === job.batch).every(mayGoAlone);

async function happen({ id, meanwhile }: Made): Promise<void> {
	if (meanwhile === "erase") await eraseJob(store.db, store.tenantId, id);
	if (meanwhile !== "redeliver") return;
	const owed = await store.db.$queryRaw<{ id: string }[]>`
		select delivery.id from delivery join event on event.id = event_id where job_id = ${id}`;
	for (const one of owed) await redeliver(store.db, store.tenantId, one.id);
}

const budget = () => ({
	...{ tenantId: store.tenantId, keyId: null },
	period: "total" as const,
});
const until = new Date(Date.now() + 86_400_000);
const from = new Date(until.getTime() - 800 * 86_400_000);
async function money() {
	const usage = await findUsage(store.db, {
		...{ tenantId: store.tenantId, from, until },
		groups: ["day", "mode", "state", "key"],
	});
	const counted = await findBudget(store.db, budget());
	return { usage, used: counted?.used_points };
}

it("lets go of what may go, of nothing else, and of no money, whatever happens meanwhile", async () => {
	let [gone, kept] = [0, 0];

	await fc.assert(
		fc.asyncProperty(
			fc.array(spec, { minLength: 4, maxLength: 14 }),
			async (specs) => {
				await clearTestStore(store);
				const jobs = await Promise.all(specs.map(make));
				for (const batch of [0, 1]) await gather(jobs, batch);
				await setBudget(store.db, budget(), 1);
				const before = await money();
				const first = { afterId: "", keepS };

				await Promise.all([
					...[1, 2].flatMap(() => [
						pruneJobs(store.db, first),
						pruneBatches(store.db, first),
						pruneEvents(store.db, first),
					]),
					...jobs.map(happen),
				]);
				// Each leaves what another holds; whoever comes when all is quiet takes the rest.
				await pruneEvents(store.db, first);
				await pruneJobs(store.db, first);
				await pruneBatches(store.db, first);

				const rows = await store.db.$queryRaw<{ id: string }[]>`
					select id from job`;
				const left = new Set(rows.map(({ id }) => id));
				const open = await store.db.$queryRaw<unknown[]>`
					select from delivery left join event on event.id = event_id where event.id is null`;
				for (const job of jobs) {
					const isHeldUp = jobs.some(
						({ meanwhile, batch, id }) =>
							meanwhile !== "nothing" &&
							(id === job.id || (batch !== null && batch === job.batch)),
					);
					if (!mayGo(job, jobs)) expect(left).toContain(job.id);
					else if (!isHeldUp) expect(left).not.toContain(job.id);
					if (left.has(job.id)) kept += 1;
					else gone += 1;
				}
				expect(open).toEqual([]);
				expect(await money()).toEqual(before);
				expect(await recheckBudget(store.db, -1)).toBeNull();
				expect(await findViolations(store.db)).toEqual([]);
			},
		),
		{ numRuns: 40 },
	);

	expect(Math.min(gone, kept)).toBeGreaterThan(20);
}, 120_000);
