import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@reelay/shared/testing/eventually";
import type { DecideFault } from "@reelay/shared/testing/postgres-faults";
import { describe, expect, it } from "vitest";
import { bells } from "../journeys/stage.ts";
import { startLoad } from "./load.ts";
import { expectPaidOnce } from "./paid-once.ts";
import { reportFault } from "./report.ts";
import { randomFrom, seed } from "./seed.ts";
import { openStatementStage, type StatementStage } from "./statement-stage.ts";

const loadMs = 40_000;
const concurrency = 50;
const rate = 0.05;
const patience = { timeoutMs: 180_000, everyMs: 250 };

const sqlStates = ["57014", "40P01", "40001"] as const;
const engine = new Set([
	"reelay-api",
	"reelay-api-reads",
	"reelay-api-reports",
	"reelay-webhook",
	"reelay-worker",
	"reelay-worker-reports",
	"reelay-bell",
]);

describe.each(bells)("every twentieth statement fails, rung by %s", (bell) => {
	it(`23: loses and doubles nothing (seed ${seed})`, {
		timeout: 600_000,
	}, async (test) => {
		const stage = await openStatementStage(bell, {
			SIMULATOR_RENDER_MS: "700",
			SIMULATOR_CONCURRENCY: String(concurrency),
			PROVIDER_CONCURRENCY: String(concurrency),
		});
		if (stage === null) return test.skip();
		try {
			// Every second result is known from the answer alone, which nobody says again.
			await stage.simulator("/scripts", {
				every: 2,
				times: "always",
				behaviour: { callback: { lose: true } },
			});
			const errors = failAtRandom();
			stage.faults.decide(errors.decide);
			const load = startLoad(stage, { everyMs: 200, prefix: `err-${seed}` });
			// How long the load lasts is what the test is about.
			await delay(loadMs);
			const ids = await load.stop();
			stage.faults.decide(null);
			const endedAt = Date.now();

			await expectAllSucceeded(stage, ids);

			const recoveryMs = Date.now() - endedAt;
			const { refused, executed, statements } = errors.counts;
			expect(refused).toBeGreaterThan(0);
			expect(executed).toBeGreaterThan(0);
			reportFault({
				row: 23,
				fault: `5 % of all statements end in ${sqlStates.join(", ")} for ${loadMs / 1000} s`,
				bell,
				invariants: "I1 I2 I3 I4 I5 I8 I9",
				recoveryMs,
				notes: `${ids.length} jobs, ${ids.length} charges, of ${statements} statements ${refused} refused and ${executed} executed and denied, seed ${seed}`,
			});
		} finally {
			await stage.close();
		}
	});
});

/** Strikes one statement in twenty: half of those before it is executed, half after. */
function failAtRandom() {
	const random = randomFrom(seed);
	const counts = { statements: 0, refused: 0, executed: 0 };
	const decide: DecideFault = ({ application }) => {
		if (!engine.has(application)) return null;
		counts.statements += 1;
		if (random() >= rate) return null;
		const sqlState =
			sqlStates[Math.floor(random() * sqlStates.length)] ?? "57014";
		if (random() < 0.5) {
			counts.refused += 1;
			return { when: "refused", sqlState };
		}
		return {
			when: "executed",
			sqlState,
			onFired: () => {
				counts.executed += 1;
			},
		};
	};
	return { decide, counts };
}

/** Every answered request is one job that succeeded, was told and was paid for once, and the auditor finds nothing. */
async function expectAllSucceeded(
	stage: StatementStage,
	ids: readonly string[],
) {
	await eventually(async () => {
		const jobs = await stage.sql(
			"select state, count(*)::int as count from job group by state",
		);
		expect(jobs).toEqual([{ state: "succeeded", count: ids.length }]);
		const deliveries = await stage.sql(
			"select state, count(*)::int as count from delivery group by state",
		);
		expect(deliveries).toEqual([{ state: "delivered", count: ids.length }]);
	}, patience);
	await expectPaidOnce(stage, ids, concurrency);
}
