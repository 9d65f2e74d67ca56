import { eventually } from "@reelay/shared/testing/eventually";
import { expect } from "vitest";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import { listLive, listTaken, resend, submissionOf } from "./recovery.ts";
import { isMute } from "./soak-provider.ts";
import { limits, type SoakScene } from "./soak-scene.ts";

// Longer than a lease, a late callback and the backlog of an outage together.
const patience = { timeoutMs: 240_000, everyMs: 2_000 };

// At most: a first submission that its policy sends again, the second one, its overdue, and its lapse.
const maxRounds = 6;

/**
 * Brings every job to its end: waits for all that will still be told, then lets the time come by which the rest was
 * due, until nothing is left. Jobs of the first tenant that were never taken are sent again by their operator instead.
 */
export async function endAll(
	{ stage }: SoakScene,
	operated: ReadonlySet<string>,
): Promise<{ resent: number }> {
	let resent = 0;
	for (let round = 0; round < maxRounds; round += 1) {
		const left = await eventually(() => listForsaken(stage), patience);
		if (left.length === 0) break;
		const taken = await listTaken(stage);
		for (const { id, state, submission, on_unknown } of left) {
			const isHeld = state === "unknown" && on_unknown === "hold";
			if (!isHeld || !operated.has(id) || taken.has(submission)) continue;
			// Refused when its submissions are used up.
			if ((await resend(stage, id)) === 200) resent += 1;
		}
		await makeDue(stage);
	}
	await eventually(async () => {
		expect(await listLive(stage)).toEqual([]);
		// What waits for its next attempt waits no longer.
		await stage.sql(
			"update delivery set due_at = now() where state = 'pending' and lease_owner is null",
		);
		const deliveries = await stage.sql(
			"select distinct state from delivery where state <> 'delivered'",
		);
		expect(deliveries).toEqual([]);
	}, patience);
	return { resent };
}

/** Throws while anything may still be heard of any live job: a POST that is under way, or a callback that will come. */
async function listForsaken(stage: SoakScene["stage"]): Promise<JsonAnswer[]> {
	const live = await listLive(stage);
	for (const { state } of live) {
		expect(["rendering", "unknown", "overdue"]).toContain(state);
	}
	const taken = await listTaken(stage);
	for (const { submission } of live) {
		const post = taken.get(submission);
		if (post !== undefined && !isMute(post.prompt)) {
			throw new Error(`a callback of ${post.prompt} is still to come`);
		}
	}
	return live;
}

/** The results of what is live now were due a second ago; returns when the sweeps have seen that. */
async function makeDue(stage: SoakScene["stage"]): Promise<void> {
	await stage.sql(
		"update submission set callback_due_at = now() - interval '1 s' where live and state <> 'intent'",
	);
	await eventually(async () => {
		const due = await stage.sql(
			"select id from submission where live and state <> 'intent' and callback_due_at <= now()",
		);
		expect(due).toEqual([]);
	}, patience);
}

/** What the provider saw, against what each job may have cost; returns the numbers in words. */
export async function countCosts({ stage }: SoakScene): Promise<string> {
	const ledger = await stage.simulator("/ledger?limit=100000");
	const { posts, callbacks, totals } = ledger;
	expect(totals.forgotten_posts).toBe(0);
	const rows = await stage.sql(
		"select s.id, s.state, job.id as job_id, on_unknown, resubmitted, max_submissions from submission s join job on job.id = job_id",
	);
	const submissions = new Map(rows.map((row) => [row.id, row]));
	const charges = new Map<string, number>();
	for (const post of posts) {
		const row = submissions.get(submissionOf(post.callback_url));
		expect(row).toBeDefined();
		// Whatever is started may be charged for.
		if (!post.accepted) continue;
		charges.set(row.job_id, (charges.get(row.job_id) ?? 0) + 1);
	}
	let again = 0;
	for (const { job_id, on_unknown, resubmitted } of rows) {
		const count = charges.get(job_id) ?? 0;
		const mayTwice = on_unknown === "resubmit_once" && resubmitted;
		expect({ job_id, count: Math.min(count, mayTwice ? 2 : 1) }).toEqual({
			job_id,
			count,
		});
		if (count === 2) again += 1;
		charges.delete(job_id);
	}
	for (const call of callbacks) {
		const isResult = call.kind === "success" && call.malformed === null;
		if (!isResult || call.status !== 200) continue;
		const { id, state } = submissions.get(submissionOf(call.url)) ?? {};
		expect({ id, state }).toEqual({ id, state: "succeeded" });
	}
	expect(totals.max_concurrent).toBeLessThanOrEqual(limits.concurrency);
	expect(totals.max_in_window).toBeLessThanOrEqual(limits.posts);
	return `${totals.charged_posts} charges, 0 lost, 0 charged twice but for ${again} that their policy sent again, at most ${totals.max_concurrent} renders at once and ${totals.max_in_window} POSTs in 10 s`;
}

/** Rows that are no more and still take room, in the tables that are written most. */
export async function countDeadTuples({ stage }: SoakScene): Promise<string> {
	const tables = await stage.sql(
		"select relname as name, n_live_tup::int as live, n_dead_tup::int as dead from pg_stat_user_tables where schemaname = 'public' and relname in ('job', 'submission', 'provider_slot', 'governor') order by 1",
	);
	for (const { live, dead } of tables) {
		expect(dead).toBeLessThan(2 * live + 10_000);
	}
	return tables.map(({ name, dead }) => `${name} ${dead}`).join(", ");
}
