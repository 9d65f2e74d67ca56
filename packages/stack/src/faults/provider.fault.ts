import { eventually } from "@reelay/shared/testing/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	providerBell as bell,
	openProviderStage,
	type ProviderStage,
} from "./provider-stage.ts";
import { reportFault } from "./report.ts";

/** An end of a POST after which nobody can say what became of it, or what the result will be. */
type Doubt = {
	row: number;
	/** The simulator's name of it. */
	fault: string;
	what: string;
	/** What the POST leaves the job in until a callback comes. */
	leaves: "unknown" | "rendering";
	/** The task was not started, so no callback comes. */
	isUntaken?: boolean;
	drip?: { bytes: number; every_ms: number };
};

const doubts: Doubt[] = [
	{
		row: 29,
		fault: "reset_after_taken",
		what: "takes the job and resets the connection",
		leaves: "unknown",
	},
	{
		row: 29,
		fault: "reset_before_read",
		what: "resets the connection before it takes the job",
		leaves: "unknown",
		isUntaken: true,
	},
	{ row: 30, fault: "hang", what: "never answers", leaves: "unknown" },
	{
		row: 31,
		fault: "http_504_taken",
		what: "answers 504 and goes on",
		leaves: "unknown",
	},
	{
		row: 31,
		fault: "http_504_not_taken",
		what: "answers 504 and has taken nothing",
		leaves: "unknown",
		isUntaken: true,
	},
	{
		row: 35,
		fault: "html_200",
		what: "answers 200 with HTML",
		leaves: "rendering",
	},
	{
		row: 35,
		fault: "truncated_json",
		what: "answers half of its JSON",
		leaves: "rendering",
	},
	{
		row: 35,
		fault: "huge_body",
		what: "answers 10 MB",
		leaves: "rendering",
	},
	{
		row: 35,
		fault: "cut_answer",
		what: "hangs up within its answer",
		leaves: "unknown",
	},
	{
		row: 35,
		fault: "slow_answer",
		what: "drips its answer for longer than we wait",
		leaves: "unknown",
		drip: { bytes: 1, every_ms: 1_000 },
	},
];

describe("a provider", () => {
	let stage: ProviderStage;
	beforeAll(async () => {
		stage = await openProviderStage();
	});
	afterAll(async () => stage?.close());

	const postsOf = async ({ prompt }: { prompt: string }) =>
		(await stage.ledgerOf(prompt)).posts.length;

	it.each(doubts)(
		"$row: that $what gets a job once, and again only where its policy says so",
		async (doubt) => {
			const { row, fault, what, leaves, isUntaken = false, drip } = doubt;
			const startedAt = Date.now();
			const memoryBefore = stage.memoryMb("worker");
			const create = (on_unknown: string, lose = true) =>
				stage.createScripted(
					{
						behaviour: {
							fault,
							...(drip === undefined ? {} : { drip }),
							callback: { lose },
						},
					},
					{ on_unknown, timeout_s: 3600 },
				);
			const told = await create("hold", false);
			const held = await create("hold");
			const failing = await create("fail");
			const again = await create("resubmit_once");
			const untold = [held, failing, again].map(({ id }) => id);

			await stage.reach(untold, leaves);
			if (isUntaken) await stage.reach([told.id], leaves);
			else await stage.settle([told.id]);
			const early = await Promise.all(
				[told, held, failing, again].map((job) => postsOf(job)),
			);
			await stage.makeDue(untold);
			await stage.reach([held.id], "overdue");

			expect(early).toEqual([1, 1, 1, 1]);
			if (leaves === "unknown") {
				const [failed, succeeded] = await stage.settle([failing.id, again.id]);
				expect(failed).toMatchObject({
					state: "failed",
					error: { code: "outcome_unknown", charged: "possible" },
				});
				expect(succeeded).toMatchObject({ state: "succeeded", submissions: 2 });
				await stage.audit([failing.id, again.id]);
			} else {
				// The provider answered, so nothing is in doubt but the result: no policy sends it again.
				await stage.reach([failing.id, again.id], "overdue");
			}
			const late = await Promise.all(
				[told, held, failing, again].map((job) => postsOf(job)),
			);
			expect(late).toEqual([1, 1, 1, leaves === "unknown" ? 2 : 1]);
			await stage.audit(isUntaken ? [] : [told.id]);
			const memoryAfter = stage.memoryMb("worker");
			if (memoryBefore !== null && memoryAfter !== null) {
				expect(memoryAfter - memoryBefore).toBeLessThan(150);
			}
			reportFault({
				row,
				fault: `provider ${what}`,
				bell,
				invariants: "I1 I2 I4 I5 I9",
				recoveryMs: Date.now() - startedAt,
			});
		},
	);

	it("31: is sent a job once more by resubmit_once, whatever becomes of that", async () => {
		const job = await stage.createScripted(
			{
				behaviour: { fault: "http_504_taken", callback: { lose: true } },
				times: "always",
			},
			{ on_unknown: "resubmit_once", timeout_s: 3600 },
		);
		await stage.reach([job.id], "unknown");

		await stage.makeDue([job.id]);
		await eventually(async () => expect(await postsOf(job)).toBe(2));
		await stage.reach([job.id], "unknown");
		await stage.makeDue([job.id]);
		await stage.reach([job.id], "overdue");

		expect(await postsOf(job)).toBe(2);
		expect(await stage.job(job.id)).toMatchObject({
			submissions: 2,
			cost: { charged: "possible" },
		});
		await stage.audit([]);
		reportFault({
			row: 31,
			fault: "provider answers 504 to both POSTs of resubmit_once",
			bell,
			invariants: "I2 I9",
			recoveryMs: null,
		});
	});

	it("35: that redirects is not followed, and the job fails free of charge", async () => {
		const job = await stage.createScripted({
			behaviour: { fault: "redirect_307" },
			times: "always",
		});

		const [ended] = await stage.settle([job.id]);

		expect(ended).toMatchObject({
			state: "failed",
			cost: { charged: "no" },
			error: { charged: "no", provider: { status: 307 } },
		});
		const { posts } = await stage.ledgerOf(job.prompt);
		expect(posts).toMatchObject([{ status: 307, charged: false }]);
		await stage.audit([job.id]);
		reportFault({
			row: 35,
			fault: "provider redirects with 307",
			bell,
			invariants: "I1 I2 I4 I5",
			recoveryMs: null,
		});
	});
});
