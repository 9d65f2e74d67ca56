import { describe, expect, it } from "vitest";
import {
	decideNextPrune,
	type PrunePlace,
	pruneKinds,
	retentionOf,
} from "./retention.ts";

const at = (kind: PrunePlace["kind"]): PrunePlace => ({ kind, afterId: "x" });

describe("decideNextPrune", () => {
	it("goes on behind the last row, after ten times as long as the step took", () => {
		expect(
			decideNextPrune(at("jobs"), { lastId: "job_7", tookMs: 30.5 }),
		).toEqual({ kind: "jobs", afterId: "job_7", restMs: 305 });
	});

	it("gives each kind its turn once in a round, from its oldest row on, and then rests for longer", () => {
		let place = at("jobs");
		const [seen, rests] = [[place.kind], [] as number[]];
		for (let n = 0; n < pruneKinds.length; n += 1) {
			const next = decideNextPrune(place, { lastId: null, tookMs: 1 });
			expect(next.afterId).toBe("");
			rests.push(next.restMs);
			place = next;
			seen.push(next.kind);
		}

		expect(seen).toEqual([...pruneKinds, pruneKinds[0]]);
		expect(rests.slice(0, -1).every((ms) => ms === 10)).toBe(true);
		expect(rests.at(-1)).toBe(600_000);
	});
});

describe("retentionOf", () => {
	it("says of every kind by which setting it is kept", () => {
		const settings = { jobsS: 1, eventsS: 2, auditS: null };

		expect(
			pruneKinds.map((kind) => [kind, retentionOf(kind, settings)]),
		).toEqual([
			["jobs", 1],
			["batches", 1],
			["events", 2],
			["callbacks", 1],
			["replays", 2],
			["audit", null],
			["keys", null],
			["budgets", 1],
		]);
	});
});
