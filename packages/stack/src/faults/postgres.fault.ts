import { fileURLToPath } from "node:url";
import { eventually } from "@reelay/shared/testing/eventually";
import { startProxy } from "@reelay/shared/testing/proxy";
import { describe, expect, it } from "vitest";
import { builtEntries } from "../entries.ts";
import { bells } from "../journeys/stage.ts";
import { lasting, outlast } from "./length.ts";
import {
	callBackOnceMore,
	expectCallbacksTaken,
	expectNoLeak,
	expectUnavailable,
	retryUntilAccepted,
	spoolDepth,
} from "./outage.ts";
import { type OwnPostgres, startOwnPostgres } from "./own-postgres.ts";
import { createRendering, expectAlive, pidsOf, renderMs } from "./rendering.ts";
import { reportFault } from "./report.ts";
import { expectAllSucceeded, openFaultStage } from "./stage.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

async function withPostgres(play: (own: OwnPostgres) => Promise<void>) {
	const own = await startOwnPostgres();
	try {
		await play(own);
	} finally {
		await own.close();
	}
}

const stops = bells.flatMap((bell) =>
	(["fast", "immediate"] as const).map((mode) => [mode, bell] as const),
);

describe("Postgres is stopped", () => {
	it.each(stops)(
		"20: loses nothing in a stop that is %s, rung by %s",
		async (mode, bell) => {
			await withPostgres(async (own) => {
				const stage = await openFaultStage(bell, {
					env: {
						DATABASE_URL: own.url,
						SIMULATOR_RENDER_MS: String(renderMs),
					},
				});
				if (stage === null) return;
				try {
					const ids = await createRendering(stage, 6);
					const pids = pidsOf(stage, "api", "worker");
					await own.stop(mode);
					await expectUnavailable(stage, "during");
					await expectCallbacksTaken(stage, 5);
					expect(await spoolDepth(stage)).toBe(5);

					// The receiver starts without Postgres, keeps what it has, and takes more.
					await stage.stack.processes.get("webhook")?.kill("SIGKILL");
					await stage.stack.launch("webhook");
					expect(await spoolDepth(stage)).toBe(5);
					await callBackOnceMore(stage);
					expect(await spoolDepth(stage)).toBe(6);

					await own.start();
					const backAt = Date.now();
					ids.push(await retryUntilAccepted(stage, "during"));
					await eventually(
						async () => expect(await spoolDepth(stage)).toBe(0),
						{ timeoutMs: 60_000 },
					);
					await expectAllSucceeded(stage, ids);
					const recoveryMs = Date.now() - backAt;
					expectAlive(pids);
					await expectAllSucceeded(stage, await expectNoLeak(stage, own.url));
					reportFault({
						row: 20,
						fault: `Postgres stopped (${mode}), receiver restarted meanwhile`,
						bell,
						invariants: "I1 I2 I3 I4 I5 I8 I10",
						recoveryMs,
					});
				} finally {
					await stage.close();
				}
			});
		},
	);
});

describe.each(bells)("Postgres is half-open, rung by %s", (bell) => {
	it("21: gives up waiting, spools, and is whole again after 45 s", async () => {
		await withPostgres(async (own) => {
			const proxy = await startProxy(own.url);
			const stage = await openFaultStage(bell, {
				env: {
					DATABASE_URL: proxy.url,
					SIMULATOR_RENDER_MS: String(renderMs),
				},
			});
			try {
				if (stage === null) return;
				const ids = await createRendering(stage, 6);
				const pids = pidsOf(stage, "api", "worker", "webhook");
				proxy.stall();
				const stalledAt = Date.now();
				await Promise.all([
					expectUnavailable(stage, "during-0"),
					expectUnavailable(stage, "during-1"),
					expectCallbacksTaken(stage, 5),
				]);
				expect(await spoolDepth(stage)).toBe(5);
				// It must not be taken out of service while it is the one that still can take.
				const ready = await fetch(`${stage.receiverUrl}/readyz`);
				expect(ready.status).toBe(200);
				await outlast(stalledAt, 60_000);

				proxy.restore();
				const healedAt = Date.now();
				ids.push(await retryUntilAccepted(stage, "during-0"));
				ids.push(await retryUntilAccepted(stage, "during-1"));
				await eventually(async () => expect(await spoolDepth(stage)).toBe(0), {
					timeoutMs: 60_000,
				});
				await expectAllSucceeded(stage, ids);
				const recoveryMs = Date.now() - healedAt;
				expectAlive(pids);
				await expectAllSucceeded(stage, await expectNoLeak(stage, own.url));
				reportFault({
					row: 21,
					fault: "Postgres half-open for 60 s",
					bell,
					invariants: "I1 I2 I3 I4 I5 I8 I10",
					recoveryMs,
				});
			} finally {
				await stage?.close();
				await proxy.close();
			}
		});
	});

	it("47: records what was paid for while the worker alone was cut off", async () => {
		await withPostgres(async (own) => {
			const proxy = await startProxy(own.url);
			const stage = await openFaultStage(bell, {
				env: {
					DATABASE_URL: own.url,
					SIMULATOR_RENDER_MS: String(renderMs),
				},
				entries: { worker: workerAt(proxy.url) },
			});
			try {
				if (stage === null) return;
				const ids = await createRendering(stage, 4);
				const pids = pidsOf(stage, "api", "worker", "webhook");
				proxy.stall();
				const cutAt = Date.now();
				const cutMs = lasting(300_000, 70_000);
				// The callbacks need no worker.
				await eventually(
					async () => {
						for (const id of ids.slice(0, 3)) {
							expect((await stage.job(id)).state).toBe("succeeded");
						}
					},
					{ timeoutMs: 30_000, everyMs: 200 },
				);
				const [unrecorded = ""] = ids.slice(3);
				expect((await stage.job(unrecorded)).state).not.toBe("succeeded");
				ids.push(await stage.createJob());
				// Longer than a lease: when the partition heals the worker may have lost what it still answers for.
				await outlast(cutAt, cutMs);

				proxy.restore();
				const healedAt = Date.now();
				await expectAllSucceeded(stage, ids);
				expectAlive(pids);
				const { totals } = await stage.simulator("/ledger");
				expect(totals.charged_posts).toBe(ids.length);
				reportFault({
					row: 47,
					fault: `worker cut off from Postgres for ${cutMs / 1000} s with POSTs in flight`,
					bell,
					invariants: "I1 I2 I3 I4 I5",
					recoveryMs: Date.now() - healedAt,
				});
			} finally {
				await stage?.close();
				await proxy.close();
			}
		});
	});
});

/** The built worker with a way to Postgres of its own. */
function workerAt(databaseUrl: string): string[] {
	const setting = `process.env.DATABASE_URL = ${JSON.stringify(databaseUrl)};`;
	return [
		"--import",
		`data:text/javascript,${encodeURIComponent(setting)}`,
		...builtEntries(root).worker,
	];
}
