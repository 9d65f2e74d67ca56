import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import {
	providerBell as bell,
	openProviderStage,
	type ProviderStage,
} from "./provider-stage.ts";
import { reportFault } from "./report.ts";

const minuteMs = 60_000;

describe("the governor", () => {
	let stage: ProviderStage;
	beforeAll(async () => {
		// The simulator refuses nothing by itself: what it counts is what the governor let through.
		stage = await openProviderStage({
			PROVIDER_CONCURRENCY: "200",
			SIMULATOR_CONCURRENCY: "1000",
			SIMULATOR_BALANCE: "100000000",
			SIMULATOR_RENDER_MS: "1000",
		});
	});
	beforeEach(async () => {
		await stage.simulator("/reset", {});
		await stage.query(
			`update governor set rate_count = 5000, rate_window_ms = 10000, concurrency = 200, grants = '{}',
				blocked_until = null, closed_reason = null, closed_detail = null, closed_at = null, error_streak = 0`,
		);
	});
	afterAll(async () => stage?.close());

	const createJobs = (prompt: string, count: number) =>
		Promise.all(
			Array.from({ length: count }, () =>
				stage.createJob({ input: { prompt, duration: 3 } }),
			),
		);
	const governor = async (): Promise<JsonAnswer> =>
		(await stage.query("select *, clock_timestamp() as now from governor"))[0];
	const unblock = () =>
		stage.query("update governor set blocked_until = clock_timestamp()");
	const postsOf = async (prompt: string) =>
		(await stage.ledgerOf(prompt)).posts;
	/** Changes the limits; claims that begin after the returned instant see them. */
	const setLimits = async (change: string): Promise<number> => {
		await stage.query(`update governor set ${change}`);
		return (await governor()).now.getTime();
	};

	const waits = [
		{ named: "seconds", retry_after: 4, fromMs: 3_000, toMs: 4_000 },
		{
			named: "an HTTP date",
			retry_after: { http_date_in_s: 6 },
			fromMs: 3_000,
			toMs: 6_000,
		},
		{ named: "no", retry_after: "absent", fromMs: 9_000, toMs: 10_000 },
		{
			named: "an absurd",
			retry_after: "absurd",
			fromMs: 59 * minuteMs,
			toMs: 60 * minuteMs,
		},
	];

	it.each(waits.map((wait) => [wait.named, wait] as const))(
		"33: sends nothing before the end of the wait that a 429 with %s Retry-After asks for, and costs no attempt",
		async (named, { retry_after, fromMs, toMs }) => {
			const prompt = `limited with ${named} wait.`;
			await stage.simulator("/scripts", {
				match: { prompt },
				behaviour: { fault: "http_429", retry_after },
			});
			const [first = ""] = await createJobs(prompt, 1);
			const blocked = await eventually(async () => {
				const row = await governor();
				expect(row.blocked_until).not.toBeNull();
				return row;
			});
			const [refused] = await postsOf(prompt);
			const waitMs =
				blocked.blocked_until.getTime() - Date.parse(refused.received_at);
			const ids = [first, ...(await createJobs(prompt, 5))];

			// Nobody waits an hour for a mistake of the provider's, and the test not ten seconds for a cap it has seen.
			const isCapped = toMs >= minuteMs;
			if (isCapped) {
				expect(await postsOf(prompt)).toHaveLength(1);
				expect(waitMs).toBeGreaterThan(59 * minuteMs);
				await unblock();
			}
			const jobs = await stage.settle(ids);

			expect(waitMs).toBeGreaterThanOrEqual(fromMs);
			const opensAt = isCapped ? 0 : blocked.blocked_until.getTime();
			const [, ...later] = await postsOf(prompt);
			expect(later).toHaveLength(6);
			for (const post of later) {
				expect(Date.parse(post.received_at)).toBeGreaterThanOrEqual(opensAt);
			}
			for (const job of jobs) {
				expect(job).toMatchObject({ state: "succeeded", submissions: 1 });
			}
			await stage.audit(ids);
			reportFault({
				row: 33,
				fault: `429 with ${named} Retry-After`,
				bell,
				invariants: "I1 I2 I4 I5 I7",
				recoveryMs: null,
			});
		},
	);

	it.each(["http_402", "http_401_balance"])(
		"34: fails nothing while the provider answers %s, probes with one job at a time, and completes all after the top-up",
		async (fault) => {
			const prompt = `unpaid by ${fault}.`;
			await stage.simulator("/scripts", {
				match: { prompt },
				times: "always",
				behaviour: { fault },
			});
			const ids = await createJobs(prompt, 8);
			await eventually(async () => {
				expect((await governor()).closed_reason).toBe("funds");
				const jobs = await Promise.all(ids.map(stage.job));
				for (const job of jobs) expect(job.state).toBe("queued");
			});
			let sent = (await postsOf(prompt)).length;
			for (let probe = 0; probe < 3; probe += 1) {
				await unblock();
				sent += 1;
				await eventually(async () => {
					expect(await postsOf(prompt)).toHaveLength(sent);
					expect((await stage.job(ids[0] ?? "")).state).toBe("queued");
				});
			}
			const charged = (await postsOf(prompt)).filter((post) => post.charged);

			const toppedUpAt = Date.now();
			await stage.simulator("/reset", {});
			await unblock();
			const jobs = await stage.settle(ids);

			expect(charged).toEqual([]);
			for (const job of jobs) {
				expect(job).toMatchObject({ state: "succeeded", submissions: 1 });
			}
			expect((await governor()).closed_reason).toBeNull();
			await stage.audit(ids);
			reportFault({
				row: 34,
				fault: `${fault}, then a top-up`,
				bell,
				invariants: "I1 I2 I4 I5",
				recoveryMs: Date.now() - toppedUpAt,
			});
		},
	);

	it("34: notices an account that has really run empty, and completes all after the top-up", async () => {
		const prompt = "an empty account.";
		await stage.simulator("/balance", { set: 0 });
		const ids = await createJobs(prompt, 4);
		await eventually(async () => {
			expect((await governor()).closed_reason).toBe("funds");
		});

		await stage.simulator("/balance", { set: 100_000_000 });
		await unblock();
		const jobs = await stage.settle(ids);

		for (const job of jobs) {
			expect(job).toMatchObject({ state: "succeeded", submissions: 1 });
		}
		await stage.audit(ids);
	});

	it("32: opens the breaker in a storm of 500s, sends one canary at a time, spends nothing, and recovers", async () => {
		const prompt = "in a storm.";
		// One at a time, so that the number of POSTs until the breaker opens is exact.
		await setLimits("concurrency = 1");
		await stage.simulator("/scripts", {
			match: { prompt },
			times: "always",
			behaviour: { fault: "http_500" },
		});
		const ids = await createJobs(prompt, 12);
		const isOpen = async (streak: number) => {
			expect(await governor()).toMatchObject({
				closed_reason: "errors",
				error_streak: streak,
			});
			expect(await postsOf(prompt)).toHaveLength(streak);
		};
		await eventually(() => isOpen(5), { timeoutMs: 30_000 });
		await setLimits("concurrency = 200");
		await unblock();
		await eventually(() => isOpen(6), { timeoutMs: 30_000 });
		const blocked = await governor();
		const storm = await postsOf(prompt);

		const calmAt = Date.now();
		await stage.simulator("/reset", {});
		await unblock();
		const jobs = await stage.settle(ids);

		expect(blocked.blocked_until - blocked.now).toBeGreaterThan(10_000);
		expect(storm.filter((post) => post.charged)).toEqual([]);
		for (const job of jobs) expect(job.state).toBe("succeeded");
		expect(await postsOf(prompt)).toHaveLength(12);
		expect(await governor()).toMatchObject({
			closed_reason: null,
			error_streak: 0,
		});
		await stage.audit(ids);
		reportFault({
			row: 32,
			fault: "storm of 500s",
			bell,
			invariants: "I1 I2 I4 I5",
			recoveryMs: Date.now() - calmAt,
		});
	});

	/** Each POST with the instant of its claim, in the order of arrival. */
	async function claimedPosts(prompt: string): Promise<Claimed[]> {
		const rows = await stage.query("select id, intent_at from submission");
		const claims = new Map(rows.map(({ id, intent_at }) => [id, intent_at]));
		return (await postsOf(prompt)).map((post) => {
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
			async () => expect((await postsOf(prompt)).length).toBeGreaterThan(count),
			{ timeoutMs: 60_000 },
		);
	/** Runs jobs under three limits in turn; returns the POSTs whose claim began and ended under each. */
	async function underLimits(
		prompt: string,
		phases: { limit: string; posts: number }[],
	): Promise<Claimed[][]> {
		const ids: string[] = [];
		const spans: { from: number; to: number }[] = [];
		for (const { limit, posts } of phases) {
			const from = await setLimits(limit);
			if (ids.length === 0) ids.push(...(await createJobs(prompt, 400)));
			const before = (await postsOf(prompt)).length;
			await sent(prompt, Math.min(before + posts, 399));
			spans.push({ from, to: (await governor()).now.getTime() });
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
