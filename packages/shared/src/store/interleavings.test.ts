/**
 * Every pair of statements about one submission, at the same moment: both have taken their snapshot while the job's row is
 * locked, and go on in the order in which they came. What they leave must be what one after the other would have left, in
 * either order; a sweep may also have found the row locked and left it for its next pass.
 */
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findViolations } from "../testing/audit.ts";
import type { ModelJob } from "../testing/model.ts";
import {
	allSteps as all,
	jobSteps,
	openScene,
	readModel,
	readScene,
	reportSteps,
	type Scene,
	type Step,
} from "../testing/model-stage.ts";
import { lockRow } from "../testing/row-lock.ts";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "../testing/store.ts";

let store: TestStore;
beforeAll(async () => {
	store = await openTestStore();
});
afterEach(() => clearTestStore(store));
afterAll(() => store.close());

// Each statement once: what an operator resolves, and what comes by callback, is settled by the same one.
const steps: Record<string, Step> = {
	accepted: reportSteps.accepted,
	lostAnswer: reportSteps.lostAnswer,
	rateLimited: reportSteps.rateLimited,
	providerError: reportSteps.providerError,
	refused: reportSteps.refused,
	successCallback: reportSteps.successCallback,
	cancel: jobSteps.cancel,
	rescue: jobSteps.rescue,
	policies: jobSteps.policies,
	overdue: jobSteps.overdue,
	lapse: jobSteps.lapse,
	resolveResubmit: jobSteps.resolveResubmit,
};

/** Every ordered pair of those that would move this job; the others have nothing to race for. */
function pairsFor(before: ModelJob): [string, string][] {
	const dull = JSON.stringify(readModel(before));
	const movers = Object.entries(steps).flatMap(([name, step]) => {
		const job = structuredClone(before);
		expectOf(step, job);
		return JSON.stringify(readModel(job)) === dull ? [] : [name];
	});
	return movers.flatMap((first) =>
		movers.map((second): [string, string] => [first, second]),
	);
}

async function openWith(
	policy: "hold" | "fail" | "resubmit_once",
	history: readonly string[],
): Promise<{ scene: Scene; before: ModelJob }> {
	const { scene, expected } = await openScene(store, {
		policy,
		maxSubmissions: 2,
	});
	for (const name of history) await take(all[name] as Step, scene, expected);
	return { scene, before: expected };
}

async function take(step: Step, scene: Scene, job: ModelJob): Promise<void> {
	await step.run(scene, 0);
	expectOf(step, job);
}

function expectOf(step: Step, job: ModelJob): void {
	const [submission] = job.submissions;
	step.expect(job, submission as NonNullable<typeof submission>);
}

/** What the model allows: either order, and for a sweep that nothing was done yet. */
function allowedAfter(before: ModelJob, first: Step, second: Step) {
	const orders = [
		[first, second],
		[second, first],
		...(first.isSweep ? [[second]] : []),
		...(second.isSweep ? [[first]] : []),
		...(first.isSweep && second.isSweep ? [[]] : []),
	];
	return orders.map((order) => {
		const job = structuredClone(before);
		for (const step of order) expectOf(step, job);
		return readModel(job);
	});
}

/** Until the statement waits for a lock or has ended without one. */
async function untilItWaits(run: Promise<unknown>, waiters: number) {
	let hasEnded = false;
	const note = () => {
		hasEnded = true;
	};
	run.then(note, note);
	for (let n = 0; n < 2_000 && !hasEnded; n += 1) {
		const [row] = await store.db.$queryRaw<{ count: number }[]>`
			select count(*)::int as count from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`;
		if ((row?.count ?? 0) >= waiters) return waiters;
		await delay(2);
	}
	return waiters - 1;
}

async function runTogether(scene: Scene, first: Step, second: Step) {
	const lock = await lockRow(store.url, { table: "job", id: scene.jobId });
	const one = first.run(scene, 0);
	const waiting = await untilItWaits(one, 1);
	const other = second.run(scene, 0);
	await untilItWaits(other, waiting + 1);
	await lock.release();
	const ends = await Promise.allSettled([one, other]);
	return ends.flatMap((end) =>
		end.status === "rejected" ? [String(end.reason)] : [],
	);
}

const beginnings = [
	["submitting", "hold", ["claim", "leaseIsOver"]],
	["rendering", "hold", ["claim", "accepted", "resultIsDue"]],
	["unknown", "hold", ["claim", "lostAnswer", "resultIsDue"]],
	["unknown", "fail", ["claim", "lostAnswer", "resultIsDue"]],
	["unknown", "resubmit_once", ["claim", "lostAnswer", "resultIsDue"]],
	[
		"overdue",
		"hold",
		["claim", "lostAnswer", "resultIsDue", "overdue", "resultIsDue"],
	],
] as const;

describe("two statements at once", () => {
	it.each(beginnings)(
		"leave a job that was %s, with the policy %s, as one after the other would",
		async (_state, policy, history) => {
			const wrong: unknown[] = [];
			const pairs = pairsFor((await openWith(policy, history)).before);
			await clearTestStore(store);
			for (const [one, other] of pairs) {
				const [first, second] = [steps[one] as Step, steps[other] as Step];
				const { scene, before } = await openWith(policy, history);

				const errors = await runTogether(scene, first, second);

				const seen = JSON.stringify(await readScene(scene));
				const allowed = allowedAfter(before, first, second).map((job) =>
					JSON.stringify(job),
				);
				const violations = await findViolations(store.db);
				if (errors.length + violations.length > 0 || !allowed.includes(seen)) {
					wrong.push({ one, other, errors, violations, seen, allowed });
				}
				await clearTestStore(store);
			}
			expect(wrong).toEqual([]);
			expect(pairs.length).toBeGreaterThanOrEqual(16);
		},
		120_000,
	);
});
