import type { Child } from "./child.ts";
import type { ClosedLoop } from "./load/closed-loop.ts";
import type { OpenLoop } from "./load/open-loop.ts";
import type { Round, Target } from "./load/request.ts";
import {
	type Latency,
	latencyOf,
	median,
	medianLatency,
} from "./measurement.ts";
import type { Rig } from "./rig.ts";

/** The settings under which nothing but accepting is measured: the API alone runs. */
export const apiAlone = ["api"] as const;

/** One request of a customer, each with a number of its own. */
export function acceptTarget(url: string, apiKey: string): Target {
	return {
		url,
		path: "/v1/jobs",
		headers: {
			authorization: `Bearer ${apiKey}`,
			"content-type": "application/json",
		},
		before: `{"input":{"prompt":"A quiet lake at dawn, mist over the water, slow pan to the left","duration":"5"},"metadata":{"order":"`,
		after: `"}}`,
	};
}

/** Sends rounds to one target, with numbers from `from` on that never repeat, and adds up what was answered. */
export function createSide(name: string, target: Target, from = 1) {
	const rates: number[] = [];
	const latencies: Required<Latency>[] = [];
	let accepted = 0;
	let refused = 0;
	let next = from;
	const ask = async (
		load: Child,
		work:
			| Omit<ClosedLoop, "target" | "from">
			| Omit<OpenLoop, "target" | "from">,
	) => {
		const round = await load.ask<Round>({ ...work, target, from: next });
		const good = round.statuses[202] ?? 0;
		const all = Object.values(round.statuses).reduce((a, b) => a + b, 0);
		next += all;
		accepted += good;
		refused += all - good;
		return { round, good };
	};
	return {
		name,
		/**
		 * Not counted as a round: compiles, connects, and fills caches. As long as a round, or the first one would be measured
		 * while its code is still being compiled.
		 */
		async warmUp(load: Child, work: Parameters<typeof ask>[1]) {
			await ask(load, work);
		},
		async run(load: Child, work: Parameters<typeof ask>[1]) {
			const { round, good } = await ask(load, work);
			rates.push(good / round.seconds);
			latencies.push(latencyOf(round.latencies));
		},
		/** The medians of the rounds since the last time. */
		take() {
			const taken = {
				rate: median(rates),
				latency: medianLatency(latencies),
			};
			rates.length = 0;
			latencies.length = 0;
			return taken;
		},
		/** How many requests were answered with 202, warming up included, and how many were not. */
		counts: () => ({ accepted, refused }),
	};
}
export type Side = ReturnType<typeof createSide>;

/** Of the rows that a load left: how many, with how many different numbers, and how many whose timeline is not one line. */
export type FoundRows = { rows: number; numbers: number; odd: number };

/**
 * Compares what was answered with what is in the database: a 202 without its row is lost, a row that repeats another's number
 * is duplicated, and a job whose timeline does not hold exactly its acceptance has missed it.
 */
export function compareAccepts(
	{ accepted, refused }: ReturnType<Side["counts"]>,
	{ rows, numbers, odd }: FoundRows,
): Record<string, number> {
	return {
		accepted,
		refused,
		lost: Math.max(0, accepted - numbers),
		duplicated: rows - numbers,
		missed: odd,
	};
}

/** The same, of what a rig's database holds now; a peer that refused anything would be no comparison. */
export async function auditAccepts(
	rig: Rig,
	side: Pick<Side, "counts">,
	peers: readonly Side[] = [],
): Promise<Record<string, number>> {
	const [found] = await rig.sql<FoundRows>(`
		with ours as (select id, metadata->>'order' as n from job where idem_key like 'bench-%'),
		lines as (select ours.id, count(timeline.id) as count from ours left join timeline on timeline.job_id = ours.id
			group by ours.id)
		select (select count(*)::int from ours) as rows, (select count(distinct n)::int from ours) as numbers,
			(select count(*)::int from lines where count <> 1) as odd`);
	if (found === undefined) throw new Error("a count has no row");
	const counters = compareAccepts(side.counts(), found);
	if (peers.length === 0) return counters;
	const refused = peers.map((peer) => peer.counts().refused);
	return { ...counters, refused_by_a_peer: Math.max(...refused) };
}
