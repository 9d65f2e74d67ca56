/**
 * How long until each of 10,000 queued jobs is rung for again after its ring was lost with all of Redis (FLUSHALL). The
 * provider is closed meanwhile, so that the jobs stay queued. The worker's sweep sees that Redis has forgotten, and marks
 * each job at the statement that chooses it to be rung for; once all are marked, no ring may have been refused, by the
 * worker's own count. Beside it stands what was promised.
 */
import { findFreePort } from "@reelay/stack/ports";
import { Redis } from "ioredis";
import { closeProvider, insertQueued, nowOf, untilRungFor } from "./jobs.ts";
import type { Measurement } from "./measurement.ts";
import { openRig } from "./rig.ts";
import type { Scenario, Stage } from "./scenario.ts";

const promisedMs = 10_000;

export const bells: Scenario = {
	name: "bells",
	fills: ["empty"],
	// Rings that Postgres keeps beside the jobs cannot be lost without them.
	bells: ["redis"],
	measure,
};

async function measure({ bell, fill, isShort }: Stage): Promise<Measurement[]> {
	const count = isShort ? 1_000 : 10_000;
	const port = String(await findFreePort());
	const env = { WORKER_PORT: port };
	const rig = await openRig(bell, env, { fill, apps: ["worker"] });
	if (rig === null || rig.redis === null) return [];
	const redis = new Redis(rig.redis.url);
	try {
		await closeProvider(rig);
		await insertQueued(rig, { count });
		await untilRungFor(rig, "-infinity");
		// Before the flush: none is due again within a minute, so whatever is marked later was forgotten.
		const since = await nowOf(rig);
		const flushedAt = performance.now();
		await redis.flushall();
		await untilRungFor(rig, since);
		const ours = performance.now() - flushedAt;
		const missed = await readRingsLost(port);
		return [
			{
				name: `all of ${count} queued jobs rung for again after FLUSHALL`,
				...{ bell, fill, unit: "ms", ours },
				peer: promisedMs,
				peerName: "promised",
				bar: { most: 1 },
				counters: { missed, queued: count },
			},
		];
	} finally {
		redis.disconnect();
		await rig.close();
	}
}

async function readRingsLost(port: string): Promise<number> {
	const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
	const [, count] =
		/^reelay_rings_lost_total(?:{.*})? (\d+)/m.exec(await answer.text()) ?? [];
	if (count === undefined) throw new Error("the worker counts no lost rings");
	return Number(count);
}
