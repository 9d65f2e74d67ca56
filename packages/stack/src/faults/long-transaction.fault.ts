import { eventually } from "@reelay/shared/testing/eventually";
import { describe, expect, inject, it } from "vitest";
import { bells } from "../journeys/stage.ts";
import { lasting } from "./length.ts";
import { holdTransaction, saturate } from "./pinned-load.ts";
import { reportFault } from "./report.ts";
import { createJobs, type FaultStage, openFaultStage } from "./stage.ts";

declare module "vitest" {
	interface ProvidedContext {
		/** For how long a transaction stays open; twice, in the short form. */
		pinnedSeconds: number;
	}
}

const seconds = inject("pinnedSeconds");
// Two short ones tell chance from effect; a long one speaks for itself.
const turns = seconds < 120 ? 2 : 1;
const freeSeconds = Math.min(20, seconds / 2);

/** The alarm: the gauge at once, and the log line once it is older than the setting says. */
async function expectAlarm({ workerUrl, stack }: FaultStage) {
	await eventually(
		async () => {
			const metrics = await (await fetch(`${workerUrl}/metrics`)).text();
			const [, age = "0"] =
				/^reelay_oldest_transaction_seconds\{[^}]*kind="session"[^}]*\} ([\d.]+)/m.exec(
					metrics,
				) ?? [];
			expect(Number(age)).toBeGreaterThan(5);
			const lines = stack.processes.get("worker")?.lastLines() ?? [];
			const warning = lines.find((line) =>
				line.includes("database.longTransaction"),
			);
			expect(warning).toContain("a forgotten report");
		},
		{ timeoutMs: 60_000, everyMs: 500 },
	);
}

describe.each(bells)("a transaction stays open, rung by %s", (bell) => {
	it(`26: is told, and work goes on while it pins every row version for ${seconds} s`, {
		timeout: turns * seconds * 2_000 + 300_000,
	}, async (test) => {
		const stage = await openFaultStage(bell, {
			env: {
				PROVIDER_RATE: "300/1",
				PROVIDER_CONCURRENCY: "100",
				SIMULATOR_CONCURRENCY: "1000",
				SIMULATOR_RENDER_MS: "50",
				// Enough for hours: with an empty account there would be nothing to measure.
				SIMULATOR_BALANCE: "1000000000",
				LONG_TRANSACTION_S: "5",
				LOG_LEVEL: "warn",
			},
		});
		if (stage === null) return test.skip();
		const load = saturate(stage);
		try {
			await load.measure(10);
			const free: number[] = [(await load.measure(freeSeconds)).rate];
			const pinned: number[] = [];
			for (let turn = 0; turn < turns; turn += 1) {
				const held = await holdTransaction(stage.stack.databaseUrl);
				const [{ lastRate }] = await Promise.all([
					load.measure(seconds),
					expectAlarm(stage),
				]);
				await held.end();
				pinned.push(lastRate);
				// Vacuum, by itself within a minute or two, is what ends it.
				await stage.sql("vacuum job, submission, tenant_turn, governor");
				free.push((await load.measure(freeSeconds)).rate);
			}
			await load.stop();
			const ratio = mean(pinned) / mean(free);
			// At full length the bar is the list's own. A short form on a machine that does other things is too noisy for more
			// than a generous floor.
			expect(ratio).toBeGreaterThan(lasting(0.8, 0.5));

			const ids = await createJobs(stage, 3);
			await stage.settle(ids, 120_000);
			await stage.audit(ids);
			reportFault({
				row: 26,
				fault: `transaction open for ${seconds} s`,
				bell,
				invariants: "I1 I2 I4 I9",
				recoveryMs: null,
				notes: `${rounded(pinned)} jobs/s at its end, ${rounded(free)} without: ${Math.round(ratio * 100)} %; alarm fired`,
			});
		} finally {
			await load.stop().catch(() => {});
			await stage.close();
		}
	});
});

const mean = (numbers: readonly number[]) =>
	numbers.reduce((sum, n) => sum + n, 0) / numbers.length;

const rounded = (numbers: readonly number[]) =>
	numbers.map((n) => n.toFixed(0)).join(", ");
