import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GovernorScene, openGovernorScene } from "./governor-scene.ts";
import { lasting, outlast } from "./length.ts";
import { providerBell as bell } from "./provider-stage.ts";
import { reportFault } from "./report.ts";

const minuteMs = 60_000;

describe("the governor", () => {
	let stage: GovernorScene;
	beforeAll(async () => {
		stage = await openGovernorScene();
	});
	beforeEach(() => stage.reset());
	afterAll(() => stage?.close());

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
			const [first = ""] = await stage.createJobs(prompt, 1);
			const blocked = await eventually(async () => {
				const row = await stage.governor();
				expect(row.blocked_until).not.toBeNull();
				return row;
			});
			const [refused] = await stage.postsOf(prompt);
			const waitMs =
				blocked.blocked_until.getTime() - Date.parse(refused.received_at);
			const ids = [first, ...(await stage.createJobs(prompt, 5))];

			// Nobody waits an hour for a mistake of the provider's, and the test not ten seconds for a cap it has seen.
			const isCapped = toMs >= minuteMs;
			if (isCapped) {
				expect(await stage.postsOf(prompt)).toHaveLength(1);
				expect(waitMs).toBeGreaterThan(59 * minuteMs);
				await stage.unblock();
			}
			const jobs = await stage.settle(ids);

			expect(waitMs).toBeGreaterThanOrEqual(fromMs);
			const opensAt = isCapped ? 0 : blocked.blocked_until.getTime();
			const [, ...later] = await stage.postsOf(prompt);
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
		{ timeout: 900_000 },
		async (fault) => {
			const prompt = `unpaid by ${fault}.`;
			const startedAt = Date.now();
			await stage.simulator("/scripts", {
				match: { prompt },
				times: "always",
				behaviour: { fault },
			});
			const ids = await stage.createJobs(prompt, 8);
			await eventually(async () => {
				expect((await stage.governor()).closed_reason).toBe("funds");
				const jobs = await Promise.all(ids.map(stage.job));
				for (const job of jobs) expect(job.state).toBe("queued");
			});
			let sent = (await stage.postsOf(prompt)).length;
			for (let probe = 0; probe < 3; probe += 1) {
				await stage.unblock();
				sent += 1;
				await eventually(async () => {
					expect(await stage.postsOf(prompt)).toHaveLength(sent);
					expect((await stage.job(ids[0] ?? "")).state).toBe("queued");
				});
			}
			await outlast(startedAt, lasting(600_000, 0));
			const charged = (await stage.postsOf(prompt)).filter(
				(post) => post.charged,
			);

			const toppedUpAt = Date.now();
			await stage.simulator("/reset", {});
			await stage.unblock();
			const jobs = await stage.settle(ids);

			expect(charged).toEqual([]);
			for (const job of jobs) {
				expect(job).toMatchObject({ state: "succeeded", submissions: 1 });
			}
			expect((await stage.governor()).closed_reason).toBeNull();
			await stage.audit(ids);
			reportFault({
				row: 34,
				fault: `${fault} for ${Math.round((toppedUpAt - startedAt) / 1000)} s, then a top-up`,
				bell,
				invariants: "I1 I2 I4 I5",
				recoveryMs: Date.now() - toppedUpAt,
			});
		},
	);

	it("34: notices an account that has really run empty, and completes all after the top-up", async () => {
		const prompt = "an empty account.";
		await stage.simulator("/balance", { set: 0 });
		const ids = await stage.createJobs(prompt, 4);
		await eventually(async () => {
			expect((await stage.governor()).closed_reason).toBe("funds");
		});

		await stage.simulator("/balance", { set: 100_000_000 });
		await stage.unblock();
		const jobs = await stage.settle(ids);

		for (const job of jobs) {
			expect(job).toMatchObject({ state: "succeeded", submissions: 1 });
		}
		await stage.audit(ids);
	});
});
