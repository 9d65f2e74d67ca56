import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import { startClaimers } from "./claimers.ts";
import { reportFault } from "./report.ts";
import { createJobs, type FaultStage, openFaultStage } from "./stage.ts";

// No claim asks which engine rings, so one shows as much as two.
const bell = "postgres";
const limits = { slots: 12, starts: 20, windowMs: 10_000 };
// The governor keeps its own window longer by this much, because two POSTs travel at different speeds.
const marginMs = 500;
const runMs = 45_000;

describe("64 claimers against 12 slots and 20 starts in 10 s", () => {
	let stage: FaultStage;
	beforeAll(async () => {
		const opened = await openFaultStage(bell, {
			env: {
				PROVIDER_CONCURRENCY: String(limits.slots),
				PROVIDER_RATE: `${limits.starts}/${limits.windowMs / 1000}`,
				// It refuses nothing by itself: what it counts is what the claims let through.
				SIMULATOR_CONCURRENCY: "1000",
				SIMULATOR_RENDER_MS: "1000",
			},
		});
		if (opened === null) throw new Error("there is no stage without a bell");
		stage = opened;
	});
	afterAll(async () => stage?.close());

	/** The leases of those that died are over, and what they have left is due: nobody waits for them. */
	const forgetTheDead = async () => {
		await stage.sql(
			"update submission set lease_until = now() where lease_owner like 'claimer-%'",
		);
		await stage.sql(
			"update submission set callback_due_at = now() where live and state = 'unknown' or overdue_at is not null and live",
		);
	};

	/** When each POST was granted, and when it arrived. */
	const findStarts = async (posts: JsonAnswer[]): Promise<Start[]> => {
		const rows = await stage.sql("select id, intent_at from submission");
		const grants = new Map(rows.map(({ id, intent_at }) => [id, intent_at]));
		return posts.map(({ callback_url, received_at }) => {
			const [, id] = /\/(sub_[0-9a-z]+)\./.exec(callback_url) ?? [];
			return {
				grantedAt: grants.get(id).getTime(),
				arrivedAt: Date.parse(received_at),
			};
		});
	};

	it("never exceed what the provider allows, by its own count, though one in five dies", async () => {
		// Long renders fill the slots, short ones the window.
		await stage.simulator("/scripts", {
			every: 2,
			times: "always",
			behaviour: { render_ms: 9_000 },
		});
		const ids = await createJobs(stage, 160);
		const startedAt = Date.now();
		const claimers = await startClaimers(stage, 64);
		const { posts, totals } = await eventually(
			async () => {
				const ledger = await stage.simulator("/ledger?limit=100000");
				expect(Date.now() - startedAt).toBeGreaterThan(runMs);
				expect(claimers.counts.diesAfterSending).toBeGreaterThan(5);
				expect(claimers.counts.diesBeforeSending).toBeGreaterThan(0);
				return ledger;
			},
			{ timeoutMs: 150_000, everyMs: 1_000 },
		);
		await claimers.stop();

		const starts = await findStarts(posts);
		const spreadMs = spreadOf(starts);
		const arrivals = starts.map(({ arrivedAt }) => arrivedAt);
		const grants = starts.map(({ grantedAt }) => grantedAt);
		expect(totals.max_concurrent).toBeLessThanOrEqual(limits.slots);
		expect(
			fullestWindow(grants, limits.windowMs + marginMs),
		).toBeLessThanOrEqual(limits.starts);
		// On a machine that holds a POST up for longer than the margin, by so much less is judged.
		const judgedMs =
			limits.windowMs + marginMs - Math.max(marginMs, spreadMs + 1);
		expect(fullestWindow(arrivals, judgedMs)).toBeLessThanOrEqual(
			limits.starts,
		);
		const most = fullestWindow(arrivals, limits.windowMs);
		const seen = `${totals.max_concurrent} renders at once, ${most} starts in 10 s (POSTs travelled ${spreadMs} ms apart)`;
		expect(totals.max_concurrent).toBeGreaterThan(limits.slots / 2);
		expect(most).toBeGreaterThan(limits.starts / 2);

		// What waits need not be rendered; what was sent ends.
		for (const id of ids)
			await stage.api(`/v1/jobs/${id}/cancel`, { body: {} });
		const jobs = await eventually(
			async () => {
				await forgetTheDead();
				return stage.settle(ids, 1_000);
			},
			{ timeoutMs: 150_000, everyMs: 2_000 },
		);
		expect(jobs).toHaveLength(ids.length);
		await stage.audit(ids);
		const { counts } = claimers;
		const deaths = counts.diesAfterSending + counts.diesBeforeSending;
		reportFault({
			row: null,
			fault: "64 claimers against 12 slots and 20 per 10 s, one in five dies",
			bell,
			invariants: "I2 I4 I5 I7",
			recoveryMs: null,
			notes: `${seen}; ${posts.length} POSTs, ${deaths} deaths in ${Math.round((Date.now() - startedAt) / 1000)} s`,
		});
	});
});

type Start = { grantedAt: number; arrivedAt: number };

/** How much longer the slowest POST was on its way than the fastest. */
function spreadOf(starts: Start[]): number {
	const waysMs = starts.map(
		({ grantedAt, arrivedAt }) => arrivedAt - grantedAt,
	);
	return Math.max(...waysMs) - Math.min(...waysMs);
}

/** The most of these instants in any sliding window. */
function fullestWindow(at: number[], windowMs: number): number {
	return Math.max(
		...at.map(
			(end) =>
				at.filter((start) => start > end - windowMs && start <= end).length,
		),
	);
}
