import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GovernorScene, openGovernorScene } from "./governor-scene.ts";
import { lasting } from "./length.ts";
import { providerBell as bell } from "./provider-stage.ts";
import { reportFault } from "./report.ts";

// Enough to be left under every limit in turn, however fast they go under a wide one.
const queuedJobs = 600;

describe("the limits", () => {
	let stage: GovernorScene;
	beforeAll(async () => {
		stage = await openGovernorScene();
	});
	beforeEach(() => stage.reset());
	afterAll(() => stage?.close());

	/** Each POST with the instant of its claim, in the order of arrival. */
	async function claimedPosts(prompt: string): Promise<Claimed[]> {
		const rows = await stage.query("select id, intent_at from submission");
		const claims = new Map(rows.map(({ id, intent_at }) => [id, intent_at]));
		return (await stage.postsOf(prompt)).map((post) => {
			const [, id] = /\/(sub_[0-9a-z]+)\./.exec(post.callback_url) ?? [];
			return {
				claimedAt: claims.get(id).getTime(),
				at: Date.parse(post.received_at),
				running: post.concurrent_at_arrival,
			};
		});
	}

	const sent = (prompt: string, count: number) =>
		eventually(
			async () =>
				expect((await stage.postsOf(prompt)).length).toBeGreaterThan(count),
			{ timeoutMs: 60_000 },
		);
	/** Runs jobs under three limits in turn; returns the POSTs whose claim began and ended under each. */
	async function underLimits(
		prompt: string,
		phases: { limit: string; posts: number }[],
	): Promise<Claimed[][]> {
		const spans: { from: number; to: number }[] = [];
		// Nobody starts before all are queued, or a slow machine would have none left for the last limit.
		await stage.setLimits("blocked_until = now() + interval '1 hour'");
		const ids = await stage.createJobs(prompt, queuedJobs);
		for (const { limit, posts } of phases) {
			const from = await stage.setLimits(`${limit}, blocked_until = null`);
			const before = (await stage.postsOf(prompt)).length;
			await sent(prompt, Math.min(before + posts, queuedJobs - 1));
			spans.push({ from, to: (await stage.governor()).now.getTime() });
		}
		const jobs = await stage.settle(ids, 120_000);
		expect(jobs.every((job) => job.state === "succeeded")).toBe(true);
		const all = await claimedPosts(prompt);
		expect(all).toHaveLength(ids.length);
		await stage.audit(ids);
		return spans.map(({ from, to }) =>
			all.filter(({ claimedAt }) => claimedAt > from && claimedAt < to),
		);
	}

	it("49: holds the limit of concurrent renders while it changes from 50 to 5 to 200 under load", async () => {
		const [wide, narrow, widest] = await underLimits("changing places.", [
			{ limit: "concurrency = 50", posts: 60 },
			{ limit: "concurrency = 5", posts: 60 },
			{ limit: "concurrency = 200", posts: 150 },
		]);

		expect(most(wide)).toBeLessThanOrEqual(50);
		expect(most(narrow)).toBeLessThanOrEqual(5);
		expect(most(widest)).toBeLessThanOrEqual(200);
		expect(most(wide)).toBeGreaterThan(5);
		expect(most(widest)).toBeGreaterThan(5);
		reportFault({
			row: 49,
			fault: "concurrency changed 50, 5, 200 under load",
			bell,
			invariants: "I1 I2 I4 I5 I7",
			recoveryMs: null,
		});
	});

	it("49: holds the rate while it changes from 50 to 5 to 200 in two seconds under load", async () => {
		// Governed in three seconds and judged in two: what two POSTs differ in on their way must not count.
		const limit = (count: number) =>
			`rate_count = ${count}, rate_window_ms = 3000`;
		const [wide, narrow, widest] = await underLimits("changing rates.", [
			{ limit: limit(50), posts: 80 },
			{ limit: limit(5), posts: 12 },
			{ limit: limit(200), posts: 150 },
		]);

		expect(fullest(wide, 2_000)).toBeLessThanOrEqual(50);
		expect(fullest(narrow, 2_000)).toBeLessThanOrEqual(5);
		expect(fullest(widest, 2_000)).toBeLessThanOrEqual(200);
		reportFault({
			row: 49,
			fault: "rate changed 50, 5, 200 under load",
			bell,
			invariants: "I1 I2 I4 I5 I7",
			recoveryMs: null,
		});
	});

	it("49: gives tenants their turns while the limit changes, however much longer one's queue is", {
		timeout: 900_000,
	}, async () => {
		const queued = lasting(100_000, 5_000);
		const tenants = await stage.query(
			"insert into tenant (id, name) select new_id('ten'), 'tenant ' || n from generate_series(1, 5) n returning id",
		);
		// Nobody starts before all are queued.
		await stage.setLimits("blocked_until = now() + interval '1 hour'");
		// The first tenant has nearly all of it, and was first.
		for (const [index, { id }] of tenants.entries()) {
			await oweJobs(stage, id, index === 0 ? queued - 800 : 200);
		}
		for (const [limit, count] of [
			[50, 150],
			[5, 175],
			[200, 475],
		] as const) {
			await stage.setLimits(`concurrency = ${limit}, blocked_until = null`);
			await eventually(
				async () => {
					const { totals } = await stage.simulator("/ledger?limit=0");
					expect(totals.posts).toBeGreaterThanOrEqual(count);
				},
				{ timeoutMs: 120_000 },
			);
		}
		await stage.setLimits("blocked_until = now() + interval '1 hour'");
		const shares = await stage.query(
			`select count(*)::int as n from submission join job on job.id = job_id
			where tenant_id = any($1) group by tenant_id`,
			[tenants.map(({ id }) => id)],
		);
		const counts: number[] = shares.map(({ n }) => n);

		const fairness = jain(counts);
		expect(fairness).toBeGreaterThanOrEqual(0.9);
		await stage.query(
			"delete from timeline where job_id in (select id from job where ready)",
		);
		await stage.query("delete from job where ready");
		await eventually(async () => {
			const [{ live }] = await stage.query(
				"select count(*)::int as live from job where live",
			);
			expect(live).toBe(0);
		});
		await stage.audit([]);
		reportFault({
			row: 49,
			fault: `${queued} queued by 5 tenants, concurrency changed 50, 5, 200`,
			bell,
			invariants: "I1 I2 I4 I7",
			recoveryMs: null,
			notes: `fairness index ${fairness.toFixed(3)} over ${counts.reduce((sum, n) => sum + n, 0)} submissions`,
		});
	});
});

/** A POST with the instants of its claim and of its arrival, and how many renders it met. */
type Claimed = { claimedAt: number; at: number; running: number };

/** The most renders at one time, the arriving one included. */
function most(posts: Claimed[] = []): number {
	expect(posts.length).toBeGreaterThan(0);
	return Math.max(...posts.map(({ running }) => running + 1));
}

/** The most arrivals in any window of this length. */
function fullest(posts: Claimed[] = [], windowMs: number): number {
	expect(posts.length).toBeGreaterThan(0);
	return Math.max(
		...posts.map(
			({ at: end }) =>
				posts.filter(({ at }) => at > end - windowMs && at <= end).length,
		),
	);
}

/** Jain's index of what each got: 1 when all got the same, 1/n when one got everything. */
function jain(shares: number[]): number {
	const sum = shares.reduce((total, share) => total + share, 0);
	const squares = shares.reduce((total, share) => total + share * share, 0);
	return (sum * sum) / (shares.length * squares);
}

/** Queued jobs of one tenant, as though it had created them. */
async function oweJobs(stage: GovernorScene, tenantId: string, count: number) {
	await stage.query(
		`with born as (
			insert into job (id, tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions)
			select new_id('job'), $1, 'see2ai_video_generation_kling_3_0_v1', 'text', '{"prompt": "a turn", "duration": "3"}',
				sha256(n::text::bytea), now() + interval '1 hour', 1800, 3
			from generate_series(1, $2::int) n returning id)
		insert into timeline (job_id, type) select id, 'accepted' from born`,
		[tenantId, count],
	);
}
