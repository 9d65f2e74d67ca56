import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@reelay/shared/testing/eventually";
import { describe, expect, inject, it } from "vitest";
import type { AppName } from "../entries.ts";
import { bells } from "../journeys/stage.ts";
import { startLoad } from "./load.ts";
import { residentMb } from "./memory.ts";
import { expectPaidOnce } from "./paid-once.ts";
import { forgetTheDead, resendUnsent } from "./recovery.ts";
import { reportFault } from "./report.ts";
import { randomFrom, seed, shuffled } from "./seed.ts";
import { type FaultStage, openFaultStage } from "./stage.ts";

declare module "vitest" {
	interface ProvidedContext {
		/** How long processes are killed, and how often they are stopped. */
		chaosSeconds: number;
		sigterms: number;
	}
}

const seconds = inject("chaosSeconds");
const sigterms = inject("sigterms");

const killEveryMs = 3_000;
const concurrency = 50;
const renderMs = 700;
const apps: AppName[] = ["api", "worker", "webhook"];
const patience = { timeoutMs: 120_000, everyMs: 250 };

async function openLoadedStage(
	bell: (typeof bells)[number],
	scripts: object[] = [],
) {
	const stage = await openFaultStage(bell, {
		env: {
			SIMULATOR_RENDER_MS: String(renderMs),
			SIMULATOR_CONCURRENCY: String(concurrency),
			PROVIDER_CONCURRENCY: String(concurrency),
		},
	});
	// A receiver that was away is called again until it hears.
	await stage?.simulator("/scripts", [
		...scripts,
		{
			times: "always",
			behaviour: { callback: { max_attempts: 20, retry_delay_ms: 250 } },
		},
	]);
	return stage;
}

// No callback makes up for a worker that does not wait for its answer.
const everySecondCallbackLost = {
	every: 2,
	times: "always",
	behaviour: { callback: { lose: true } },
};

describe.each(bells)("under load, rung by %s", (bell) => {
	it(`12: loses and doubles nothing while processes are killed for ${seconds} s (seed ${seed})`, {
		timeout: seconds * 1000 + 600_000,
	}, async (test) => {
		const stage = await openLoadedStage(bell);
		if (stage === null) return test.skip();
		try {
			const before = memoryMb(stage);
			const load = startLoad(stage, { everyMs: 100, prefix: `kill-${seed}` });
			const kills = await killInTurn(stage);
			const ids = await load.stop();
			const endedAt = Date.now();

			await forgetTheDead(stage);
			const unsent = await resendUnsent(stage);
			await reachSuccess(stage, ids);

			const recoveryMs = Date.now() - endedAt;
			const counts = await countAll(stage, ids);
			const notes = `${kills} kills, ${ids.length} jobs, ${unsent} never sent and resubmitted, ${counts}, ${before} → ${memoryMb(stage)} MB, seed ${seed}`;
			const fault = `kill -9 of every process in turn for ${seconds} s`;
			const invariants = "I1 I2 I3 I4 I5 I8 I10";
			reportFault({ row: 12, fault, bell, invariants, recoveryMs, notes });
		} finally {
			await stage.close();
		}
	});

	it(`46: leaves no unknown behind after ${sigterms} times SIGTERM (seed ${seed})`, {
		timeout: sigterms * 20_000 + 600_000,
	}, async (test) => {
		const stage = await openLoadedStage(bell, [everySecondCallbackLost]);
		if (stage === null) return test.skip();
		try {
			const load = startLoad(stage, { everyMs: 100, prefix: `term-${seed}` });
			await stopInTurn(stage);
			const ids = await load.stop();
			const endedAt = Date.now();

			await reachSuccess(stage, ids);

			const recoveryMs = Date.now() - endedAt;
			const counts = await countAll(stage, ids);
			const doubts = await stage.sql(
				"select job_id, data from timeline where type = 'unknown'",
			);
			expect(doubts).toEqual([]);
			const notes = `${ids.length} jobs, 0 unknown, ${counts}, seed ${seed}`;
			const fault = `SIGTERM during load, ${sigterms} times`;
			const invariants = "I1 I2 I4 I5 I11";
			reportFault({ row: 46, fault, bell, invariants, recoveryMs, notes });
		} finally {
			await stage.close();
		}
	});
});

/** Kills one process after the other, in an order that the seed decides, and starts each again at once. */
async function killInTurn({ stack }: FaultStage): Promise<number> {
	const random = randomFrom(seed);
	const endsAt = Date.now() + seconds * 1000;
	let kills = 0;
	let turn: AppName[] = [];
	// On a slow machine it takes longer, until each has died once.
	while (Date.now() < endsAt || kills < apps.length) {
		const next = delay(killEveryMs);
		if (turn.length === 0) turn = shuffled(apps, random);
		const app = turn.pop() as AppName;
		// Anywhere in the interval, not always at the same point of a sweep's second.
		await delay(random() * 800);
		await stack.processes.get(app)?.kill("SIGKILL");
		kills += 1;
		await stack.launch(app);
		await next;
	}
	return kills;
}

/** Asks one process after the other to stop, the worker every second time, and starts it again. */
async function stopInTurn({ stack }: FaultStage): Promise<void> {
	const random = randomFrom(seed);
	const turn: AppName[] = ["worker", "api", "worker", "webhook"];
	for (let n = 0; n < sigterms; n += 1) {
		const app = turn[n % turn.length] as AppName;
		await delay(500 + random() * 1_000);
		const running = stack.processes.get(app);
		await running?.stop();
		expect(running?.lastLines().join("\n")).toContain("process.stopped");
		await stack.launch(app);
	}
}

async function reachSuccess(
	{ sql, receiver }: FaultStage,
	ids: readonly string[],
): Promise<void> {
	await eventually(async () => {
		const states = await sql(
			"select state, count(*)::int as count from job group by state",
		);
		expect(states).toEqual([{ state: "succeeded", count: ids.length }]);
		const deliveries = await sql(
			"select state, count(*)::int as count from delivery group by state",
		);
		expect(deliveries).toEqual([{ state: "delivered", count: ids.length }]);
	}, patience);
	const told = new Set(receiver.received.map(({ body }) => body.data.id));
	expect(ids.filter((id) => !told.has(id))).toEqual([]);
}

async function countAll(stage: FaultStage, ids: readonly string[]) {
	const charges = await expectPaidOnce(stage, ids, concurrency);
	return `${charges} charges, 0 lost, 0 charged twice, 0 duplicates`;
}

function memoryMb({ stack }: FaultStage): number {
	const all = [...stack.processes.values()].map(({ pid }) => residentMb(pid));
	return Math.round(all.reduce((sum: number, mb) => sum + (mb ?? 0), 0));
}
