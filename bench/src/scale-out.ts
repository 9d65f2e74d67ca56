/**
 * What more processes of an app bring on one machine: jobs a second through all of it with 1, 2 and 4 workers, and accepts a
 * second with 1 and 2 APIs. The database, the receiver, the provider and the load stay as they are and share the processors
 * with them, so where one process leaves none of these idle a second one brings nothing; the note says how many there are.
 */
import { availableParallelism } from "node:os";
import {
	acceptTarget,
	apiAlone,
	auditAccepts,
	createSide,
	type Side,
} from "./accept-load.ts";
import { type Child, startChild } from "./child.ts";
import { atOnce, orderAll } from "./end-to-end-saturated.ts";
import { countEnds, nowOf } from "./jobs.ts";
import { type Measurement, median } from "./measurement.ts";
import { planProvider } from "./provider.ts";
import { openRig, type Rig } from "./rig.ts";
import type { Scenario, Stage } from "./scenario.ts";

const long = {
	workers: [1, 2, 4],
	...{ jobs: 2_000, rounds: 3, seconds: 4, accepts: 100_000 },
};
const short = {
	workers: [1, 2],
	...{ jobs: 50, rounds: 1, seconds: 5, accepts: 100 },
};
type Load = typeof long;

export const scaleOut: Scenario = {
	name: "scale-out",
	fills: ["empty"],
	bells: ["redis", "postgres"],
	async measure(stage) {
		const load = stage.isShort ? short : long;
		return [
			...(await measureWorkers(stage, load)),
			...(await measureApis(stage, load)),
		];
	},
};

/** A figure with so many processes beside that with one. */
function toMeasurement(
	{ bell, fill }: Stage,
	figure: { what: string; app: string; count: number; rates: number[] },
	counters: Record<string, number>,
): Measurement {
	const { what, app, count, rates } = figure;
	const [alone = Number.NaN] = rates;
	return {
		name: `${what}, ${count} ${app}s`,
		...{ bell, fill, unit: "a second" },
		ours: rates.at(-1) ?? Number.NaN,
		peer: alone,
		peerName: `ours with one ${app}`,
		note: `on ${availableParallelism()} processors, shared with all else`,
		counters,
	};
}

async function measureWorkers(
	stage: Stage,
	load: Load,
): Promise<Measurement[]> {
	const provider = await planProvider(0);
	const rig = await openRig(stage.bell, {
		...provider.env,
		SUBMIT_CONCURRENCY: String(atOnce.submitted),
		DELIVER_CONCURRENCY: String(atOnce.delivered),
	});
	if (rig === null) return [];
	const receiver = startChild("receiver");
	const customers = startChild("load/posts");
	try {
		await rig.api("/v1/endpoints", {
			url: await receiver.ask<string>("listen"),
			events: ["video.succeeded"],
			concurrency: atOnce.delivered,
		});
		const measured: Measurement[] = [];
		const rates: number[] = [];
		let running = 1;
		for (const count of load.workers) {
			for (; running < count; running += 1) await rig.startAnother("worker");
			const before = await provider.totals();
			const round = { rig, receiver, customers, load };
			const { rate, counters } = await orderRounds(round);
			rates.push(rate);
			const after = await provider.totals();
			const posts = after.accepted_posts - before.accepted_posts;
			counters.double_charged = posts - counters.jobs;
			if (count === 1) continue;
			const what = "end to end, saturated";
			const figure = { what, app: "worker", count, rates: [...rates] };
			measured.push(toMeasurement(stage, figure, counters));
		}
		return measured;
	} finally {
		await Promise.all([receiver.stop(), customers.stop()]);
		await rig.close();
	}
}

type Rounds = { rig: Rig; receiver: Child; customers: Child; load: Load };

async function orderRounds({ rig, receiver, customers, load }: Rounds) {
	const since = await nowOf(rig);
	let all = 0;
	let repeated = 0;
	const order = async (count: number): Promise<number> => {
		const ordered = await orderAll(rig, { receiver, customers, count });
		all += count;
		repeated += ordered.repeated;
		return ordered.rate;
	};
	await order(load.jobs);
	const rates: number[] = [];
	for (let n = 0; n < load.rounds; n += 1) rates.push(await order(load.jobs));
	const ends = await countEnds(rig, since);
	const counters = {
		jobs: all,
		lost: all - ends.succeeded,
		missed: all - ends.delivered,
		duplicated: ends.events - all + repeated,
		double_charged: 0,
	};
	return { rate: median(rates), counters };
}

// Far enough from each other that the numbers of two loads never meet.
const apart = 1_000_000_000;

async function measureApis(stage: Stage, load: Load): Promise<Measurement[]> {
	const rig = await openRig(stage.bell, {}, { apps: apiAlone });
	if (rig === null) return [];
	const loads = [
		startChild("load/closed-loop"),
		startChild("load/closed-loop"),
	];
	try {
		const second = await rig.startAnother("api");
		const sideOf = (url: string, n: number) =>
			createSide(url, acceptTarget(url, rig.apiKey), n * apart + 1);
		const one = [sideOf(rig.apiUrl, 0), sideOf(rig.apiUrl, 1)];
		const two = [sideOf(rig.apiUrl, 2), sideOf(second, 3)];
		for (let n = 0; n <= load.rounds; n += 1) {
			// In turn, so that whatever else the machine does falls on both.
			for (const sides of [one, two]) {
				await runTogether(sides, loads, { ...load, isWarming: n === 0 });
			}
		}
		const rates = [one, two].map((sides) =>
			sides.reduce((sum, side) => sum + side.take().rate, 0),
		);
		const counts = [...one, ...two].map((side) => side.counts());
		const counters = await auditAccepts(rig, {
			counts: () => ({
				accepted: counts.reduce((sum, { accepted }) => sum + accepted, 0),
				refused: counts.reduce((sum, { refused }) => sum + refused, 0),
			}),
		});
		const what = "accept, 2 x 16 connections";
		const figure = { what, app: "api", count: 2, rates };
		return [toMeasurement(stage, figure, counters)];
	} finally {
		await Promise.all(loads.map((one) => one.stop()));
		await rig.close();
	}
}

/** Two loads at the same moment, each on its side. */
async function runTogether(
	sides: readonly Side[],
	loads: readonly Child[],
	{ seconds, accepts, isWarming }: Load & { isWarming: boolean },
): Promise<void> {
	await Promise.all(
		sides.map((side, n) => {
			const load = loads[n];
			if (load === undefined) throw new Error("a side has no load");
			const work = { connections: 16, seconds, count: accepts };
			return isWarming ? side.warmUp(load, work) : side.run(load, work);
		}),
	);
}
