import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { settleSubmission } from "@reelay/shared/store/settle";
import { aPricedJob } from "@reelay/shared/testing/budgeted";
import { claimOne } from "@reelay/shared/testing/claims";
import { aFailure, anOutput, aSuccess } from "@reelay/shared/testing/reports";
import {
	clearTestStore,
	openTestStore,
	type TestStore,
} from "@reelay/shared/testing/store";
import { type RunningSimulator, startSimulator } from "@reelay/simulator/start";
import {
	afterAll,
	afterEach,
	beforeAll,
	beforeEach,
	describe,
	expect,
	it,
} from "vitest";
import { describe as tell } from "./describe.ts";
import { reconcile } from "./reconcile.ts";

let store: TestStore;
let simulator: RunningSimulator;
beforeAll(async () => {
	store = await openTestStore();
});
beforeEach(async () => {
	simulator = await startSimulator({
		rate: "off",
		behaviour: { render_ms: 1, callback: { lose: true } },
	});
});
afterEach(async () => {
	await simulator.close();
	await clearTestStore(store);
});
afterAll(() => store.close());

type Task = { task_id: string; cost_points: number };
/** A task that the provider was paid for. */
async function render(duration = "5"): Promise<Task> {
	const path = "/api/v1/actions/see2ai_video_generation_kling_3_0_v1";
	const answer = await fetch(simulator.url + path, {
		method: "POST",
		headers: {
			authorization: "Bearer sk-test",
			"content-type": "application/json",
		},
		body: JSON.stringify({ prompt: "A paper boat", duration }),
	});
	return answer.json() as Promise<Task>;
}
async function submit(): Promise<string> {
	await aPricedJob(store, 100);
	return String((await claimOne(store.db, "w"))?.id);
}
/** What we have written down of it. */
async function keep(
	{ task_id, cost_points }: { task_id: string | null; cost_points: number },
	end: "yes" | "no" | "possible" = "yes",
): Promise<string> {
	const id = await submit();
	const output = anOutput({ task_id, cost_points });
	await settleSubmission(
		store.db,
		end === "yes"
			? aSuccess(id, { output })
			: aFailure(id, {
					charged: end,
					output: { ...output, cost_points: null },
				}),
	);
	return id;
}
const range = (hours = 1) => ({
	from: new Date(Date.now() - hours * 3_600_000),
	until: new Date(Date.now() + 3_600_000),
});
const run = () =>
	reconcile(
		{
			db: store.db,
			provider: { baseUrl: simulator.url, apiKey: "sk-test" },
		},
		range(),
	);

describe("the account and our submissions", () => {
	it("agree when each task that was paid for is a submission that was charged", async () => {
		await keep(await render("5"));
		await keep(await render("10"));
		await submit();

		const report = await run();

		expect(report).toMatchObject({
			agrees: true,
			balance: 1_000_000 - 210,
			sums: null,
			comparison: {
				agreed: 2,
				totals: { spent: 210, charged: 210, possible: 0 },
			},
		});
		expect(tell(report).at(-1)).toBe("Both agree.");
	});

	it("differ by a spend that is no submission of ours", async () => {
		await keep(await render());
		const other = await render();

		const { agrees, comparison } = await run();

		expect(agrees).toBe(false);
		expect(comparison.spendsWithoutSubmission).toMatchObject([
			{ points: 70, raw: { task_id: other.task_id } },
		]);
	});

	it("differ by a charge that is no spend", async () => {
		const hidden = await render();
		const id = await keep(hidden);
		simulator.control.setUsageLies({ hide: [hidden.task_id] });

		const { agrees, comparison } = await run();

		expect(agrees).toBe(false);
		expect(comparison.chargesWithoutSpend).toMatchObject([{ id }]);
	});

	it.each([
		["other points", "yes", 70],
		["what we took for free", "no", 0],
		["what may have been charged", "possible", null],
	] as const)("differ by %s", async (_what, end, ours) => {
		const task = await render();
		const id = await keep(task, end);
		simulator.control.setUsageLies({ reprice: { [task.task_id]: 99 } });

		const report = await run();

		expect(report.agrees).toBe(false);
		expect(report.comparison.differing).toMatchObject([
			{ charge: { id }, spend: { points: 99 }, ours },
		]);
		expect(tell(report)[0]).toContain("99, and not");
	});

	it("are matched by amount and time where the provider names no task", async () => {
		for (const duration of ["5", "5", "10"]) await keep(await render(duration));
		await keep(await render("15"), "possible");
		simulator.control.setUsageLies({
			without_task_ids: true,
			shape: "data_list",
			invent: [{ cost_points: 70 }],
		});

		const { comparison } = await run();

		expect(comparison.agreed).toBe(3);
		expect(
			comparison.spendsWithoutSubmission.map(({ points }) => points).sort(),
		).toEqual([210, 70]);
		expect(comparison.chargesWithoutSpend).toEqual([]);
	});

	it("tell of a task that was paid for and has not ended here, which is no difference", async () => {
		const { task_id } = await render();
		const id = await submit();
		await store.db.$executeRaw`
			update submission set provider_task_id = ${task_id} where id = ${id}`;

		const report = await run();

		expect(report.agrees).toBe(true);
		expect(report.comparison.open).toMatchObject([{ charge: { id } }]);
	});

	it.each(["items", "data_list", "bare"] as const)(
		"are compared to the last page, told as %s",
		async (shape) => {
			for (let n = 0; n < 3; n += 1) await keep(await render());
			const invent = Array.from({ length: 450 }, (_, n) => ({
				cost_points: n + 1,
				task_id: `invented-${n}`,
			}));
			simulator.control.setUsageLies({ shape, invent });

			const { comparison } = await run();

			expect(comparison.agreed).toBe(3);
			expect(comparison.spendsWithoutSubmission).toHaveLength(450);
		},
	);

	it("end where the provider gives one page for ever", async () => {
		await keep(await render());
		simulator.control.setUsageLies({ ignore_paging: true });

		expect((await run()).comparison.agreed).toBe(1);
	});

	it.each([
		[0, true],
		[33, false],
	])(
		"are compared by their sum where the provider tells no more, here with %i too many",
		async (surplus, agrees) => {
			await keep(await render());
			const invent = surplus === 0 ? [] : [{ cost_points: surplus }];
			simulator.control.setUsageLies({ shape: "aggregate", invent });

			const report = await run();

			expect(report.agrees).toBe(agrees);
			expect(report.sums).toMatchObject([{ points: 70 + surplus }]);
			expect(tell(report)[0]).toContain("names no tasks");
		},
	);
});

describe("the command", () => {
	const main = fileURLToPath(new URL("main.ts", import.meta.url));
	const source = ["--conditions=reelay-source", "--import", "tsx", main];

	function command(...args: string[]) {
		const env = {
			DATABASE_URL: store.url,
			SEE2AI_BASE_URL: simulator.url,
			SEE2AI_API_KEY: "sk-secret-key",
		};
		return new Promise<{ code: number; stdout: string; stderr: string }>(
			(resolve) => {
				execFile(
					process.execPath,
					[...source, ...args],
					{ env },
					(error, stdout, stderr) =>
						resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
				);
			},
		);
	}

	it("ends with 0 if both agree, with 1 if they differ, and with 2 if one could not be asked", async () => {
		const { from, until } = range();
		const time = ["--from", from.toISOString(), "--to", until.toISOString()];
		const agreed = await command("reconcile", ...time);
		await render();

		const differs = await command(...time, "--json");
		const misspelt = await command("--form=today");
		await simulator.close();
		const away = await command();

		expect([agreed, differs, misspelt, away].map(({ code }) => code)).toEqual([
			0, 1, 2, 2,
		]);
		expect(JSON.parse(differs.stdout)).toMatchObject({ agrees: false });
		expect(misspelt.stderr).toContain("--from, --to");
		expect(away.stderr).toContain("The provider's /api/v1/me gave no answer");
		expect(away.stderr).not.toContain("sk-secret-key");
	}, 60_000);
});
