import { describe, expect, inject, it } from "vitest";
import { bells } from "../journeys/stage.ts";
import { describeFootprint, type Footprint, watchMemory } from "./memory.ts";
import { reportFault } from "./report.ts";
import { seed } from "./seed.ts";
import { countCosts, countDeadTuples, endAll } from "./soak-end.ts";
import { breakInTurn, expectAlive } from "./soak-faults.ts";
import { startSoakLoad } from "./soak-load.ts";
import { type SoakScene, withSoak } from "./soak-scene.ts";

declare module "vitest" {
	interface ProvidedContext {
		/** How long everything is broken in turn under load. */
		soakSeconds: number;
	}
}

const seconds = inject("soakSeconds");

describe.each(bells)("a soak, rung by %s", (bell) => {
	it(`50: keeps every promise while everything breaks in turn for ${seconds} s (seed ${seed})`, {
		timeout: seconds * 1000 + 1_200_000,
	}, async (test) => {
		const wasPlayed = await withSoak(bell, async (scene) => {
			const { stage, elders, tenants } = scene;
			const memory = watchMemory(
				elders.map(({ app, process }) => ({ name: app, pid: process.pid })),
			);
			const load = startSoakLoad(scene);
			const faults = await breakInTurn(scene, seconds);
			const ids = await load.stop();
			const endedAt = Date.now();
			const first = ids.filter((_, n) => n % tenants.length === 0);
			const { resent } = await endAll(scene, new Set(first));
			const recoveryMs = Date.now() - endedAt;
			const footprints = memory.stop();

			for (const { process } of elders) expectAlive(process.pid);
			for (const { pid } of stage.stack.processes.values()) expectAlive(pid);
			expect(new Set(ids).size).toBe(ids.length);
			await stage.audit(ids);
			const ends = await countEnds(scene, ids);
			const costs = await countCosts(scene);
			const events = countEvents(scene, ids);
			const dead = await countDeadTuples(scene);
			footprints.forEach(expectSettled);
			const notes = [
				`${ids.length} jobs (${ends})`,
				`${resent} never sent and resubmitted`,
				costs,
				events,
				`faults: ${[...faults].map(([kind, count]) => `${kind} ${count}`).join(", ")}`,
				...footprints.map(describeFootprint),
				`dead tuples: ${dead}`,
				`seed ${seed}`,
			].join("; ");
			reportFault({
				row: 50,
				fault: `soak of ${seconds} s with everything broken in turn`,
				bell,
				invariants: "I1 I2 I3 I4 I5 I7 I8 I9 I10",
				recoveryMs,
				notes,
			});
		});
		if (!wasPlayed) test.skip();
	});
});

/** Nothing that was answered with 202 is missing, and nothing else is there. */
async function countEnds({ stage }: SoakScene, ids: readonly string[]) {
	const jobs = await stage.sql("select id, state from job");
	expect(jobs.map(({ id }) => id).sort()).toEqual([...ids].sort());
	const counts: Record<string, number> = {};
	for (const { state } of jobs) counts[state] = (counts[state] ?? 0) + 1;
	const all = Object.entries(counts).map(([state, n]) => `${n} ${state}`);
	return all.join(", ");
}

/** One webhook-id for each job's end, however often it was sent; the auditor has looked at that. */
function countEvents({ stage }: SoakScene, ids: readonly string[]): string {
	const { received } = stage.receiver;
	const unique = new Set(received.map(({ id }) => id));
	const told = new Set(received.map(({ body }) => body.data.id));
	expect(ids.filter((id) => !told.has(id))).toEqual([]);
	return `${unique.size} events, 0 duplicate, ${received.length - unique.size} deliveries repeated under their id`;
}

function expectSettled({ name, mbPerHour, settledMb, endMb }: Footprint) {
	if (mbPerHour === null) return;
	const isSettled = endMb < 1.5 * settledMb;
	expect({ name, isSettled }).toEqual({ name, isSettled: true });
}
