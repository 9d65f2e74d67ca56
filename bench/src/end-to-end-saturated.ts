/**
 * Jobs a second through all of it, with always more to do than is done: a load POSTs jobs over 32 connections, the worker
 * submits up to 250 at once, the provider calls back at once, and the last webhook's arrival ends the time, which the
 * first POST began.
 *
 * The peers do a part of that: a process adds as many jobs, 32 at a time, another works on up to 250 at once, and a job is
 * done when `fetch()` has brought the answer of the same provider under the same settings, which then calls nobody back.
 * BullMQ keeps its queue where the rig's bell is; pg-boss and graphile-worker, which takes as many at once as its makers
 * recommend, are shown for comparison.
 */
import { type Child, startChild } from "./child.ts";
import { countEnds, nowOf } from "./jobs.ts";
import type { Answers, Posts } from "./load/posts.ts";
import { type Measurement, median } from "./measurement.ts";
import { openPeerStores } from "./peer-stores.ts";
import type { Added, Ended, QueueQuestion } from "./peers/queue.ts";
import { type Provider, planProvider } from "./provider.ts";
import type { Arrivals } from "./receiver.ts";
import { openRig, type Rig } from "./rig.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { until } from "./until.ts";
import { aVideo } from "./video.ts";

/** What is under way at once in each step. */
export const atOnce = { accepted: 32, submitted: 250, delivered: 100 };
const patienceMs = 600_000;

export const endToEndSaturated: Scenario = {
	name: "end-to-end-saturated",
	fills: ["empty", "filled"],
	bells: ["redis", "postgres"],
	measure,
};

/**
 * So many jobs in each round. One more before them warms up what takes part, so that neither ours nor a peer is measured
 * while its code is still being compiled.
 */
type Load = { count: number; rounds: number };

async function measure(stage: Stage): Promise<Measurement[]> {
	const load = stage.isShort
		? { count: 200, rounds: 1 }
		: { count: 3_000, rounds: 3 };
	const provider = await planProvider(0);
	const env = {
		...provider.env,
		SUBMIT_CONCURRENCY: String(atOnce.submitted),
		DELIVER_CONCURRENCY: String(atOnce.delivered),
	};
	const rig = await openRig(stage.bell, env, { fill: stage.fill });
	if (rig === null) return [];
	try {
		const { ours, counters } = await measureOurs(rig, provider, load);
		const measurements: Measurement[] = [];
		for (const { program, ...about } of peersOf(stage)) {
			const peer = await measurePeer(program, { rig, provider, load });
			measurements.push({
				name: "end to end, saturated",
				...{ bell: stage.bell, fill: stage.fill, unit: "a second" },
				...{ ours, peer, counters, ...about },
			});
		}
		return measurements;
	} finally {
		await rig.close();
	}
}

type Peer = { peerName: string; program: string; bar?: { least: number } };

/** Two of them keep their jobs in Postgres whatever our bell hangs on: they are measured once. */
function peersOf({ bell, fill }: Stage): Peer[] {
	const bullmq = {
		peerName: `plain BullMQ on ${bell}`,
		program: "plain-bullmq",
		bar: { least: 0.5 },
	};
	if (bell !== "postgres" || fill !== "empty") return [bullmq];
	const others = ["pg-boss", "graphile-worker"];
	return [bullmq, ...others.map((name) => ({ peerName: name, program: name }))];
}

async function measureOurs(
	rig: Rig,
	provider: Provider,
	{ count, rounds }: Load,
): Promise<Pick<Measurement, "ours" | "counters">> {
	const receiver = startChild("receiver");
	const customers = startChild("load/posts");
	try {
		await rig.api("/v1/endpoints", {
			url: await receiver.ask<string>("listen"),
			events: ["video.succeeded"],
			concurrency: atOnce.delivered,
		});
		await orderAll(rig, { receiver, customers, count });
		const since = await nowOf(rig);
		const before = await provider.totals();
		const rates: number[] = [];
		let repeated = 0;
		for (let round = 0; round < rounds; round += 1) {
			const ordered = await orderAll(rig, { receiver, customers, count });
			rates.push(ordered.rate);
			repeated += ordered.repeated;
		}
		const all = count * rounds;
		const ends = await countEnds(rig, since);
		const { accepted_posts } = await provider.totals();
		return {
			ours: median(rates),
			counters: {
				lost: all - ends.succeeded,
				missed: all - ends.delivered,
				duplicated: ends.events - all + repeated,
				double_charged: accepted_posts - before.accepted_posts - all,
			},
		};
	} finally {
		await Promise.all([receiver.stop(), customers.stop()]);
	}
}

/** POSTs so many jobs, and waits until each has been heard of. */
export async function orderAll(
	rig: Rig,
	load: { receiver: Child; customers: Child; count: number },
): Promise<{ rate: number; repeated: number }> {
	const { receiver, customers, count } = load;
	const body = JSON.stringify({ input: aVideo });
	const answers = await customers.ask<Answers>({
		origin: rig.apiUrl,
		headers: { authorization: `Bearer ${rig.apiKey}` },
		posts: Array.from({ length: count }, () => ({ path: "/v1/jobs", body })),
		atOnce: atOnce.accepted,
	} satisfies Posts);
	if (answers.statuses[202] !== count) {
		throw new Error(
			`not all were accepted: ${JSON.stringify(answers.statuses)}`,
		);
	}
	await until(
		"each job has been heard of",
		async () => (await receiver.ask<number>("count")) >= count,
		patienceMs,
	);
	// Whatever comes twice comes within this: the row of a delivery that has arrived is written.
	await until("every delivery is committed", async () => {
		const open = await rig.sql(
			"select from delivery where due_at is not null limit 1",
		);
		return open.length === 0;
	});
	const { ids, atMs } = await receiver.ask<Arrivals>("take");
	const lastMs = [...atMs].sort((a, b) => a - b)[count - 1] ?? Number.NaN;
	const rate = (count * 1000) / (lastMs - answers.fromMs);
	return { rate, repeated: ids.length - new Set(ids).size };
}

async function measurePeer(
	program: string,
	{ rig, provider, load }: { rig: Rig; provider: Provider; load: Load },
): Promise<number> {
	const { stores, close } = await openPeerStores(rig);
	const producer = startChild(`peers/${program}`);
	const worker = startChild(`peers/${program}`);
	const ask = <Answer>(child: Child, question: QueueQuestion) =>
		child.ask<Answer>(question);
	const round = async (count: number): Promise<number> => {
		const adding = { count, atOnce: atOnce.accepted };
		const { fromMs } = await ask<Added>(producer, { add: adding });
		const { toMs } = await ask<Ended>(worker, { ended: { count } });
		return (count * 1000) / (toMs - fromMs);
	};
	try {
		await ask(producer, { open: stores });
		await ask(worker, { open: stores });
		const work = { providerUrl: provider.url, atOnce: atOnce.submitted };
		await ask(worker, { work });
		await round(load.count);
		const rates: number[] = [];
		for (let n = 0; n < load.rounds; n += 1) {
			rates.push(await round(load.count));
		}
		return median(rates);
	} finally {
		await Promise.all([producer.stop(), worker.stop()]);
		await close();
	}
}
