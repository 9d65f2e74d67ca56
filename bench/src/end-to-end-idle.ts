/**
 * How long a job takes beyond its render while nothing else is under way: from the first byte of the POST until the whole
 * webhook has arrived, less the time from the provider's receiving the submission to the render's end, by its own book.
 * What is left is ours, and the network's: accept, ring, claim, submit, receive the callback, settle, ring, sign, deliver.
 * It has no peer but the figure that was promised. The note splits it by the instants of the provider's book and of the
 * job's timeline, so that one sees where it goes.
 */
import { startChild } from "./child.ts";
import { countEnds, nowOf } from "./jobs.ts";
import type { OneByOne, Passage } from "./load/one-by-one.ts";
import { latencyOf, type Measurement, median } from "./measurement.ts";
import { type Provider, planProvider } from "./provider.ts";
import { openRig, type Rig } from "./rig.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { aVideo } from "./video.ts";

const renderMs = 20;
const promisedMs = 25;

// So many jobs first, one behind the other, that all of the way is compiled.
const warming = { count: 300, pauseMs: 0 };
// Until all that one job leaves to be done is done.
const pauseMs = 100;

export const endToEndIdle: Scenario = {
	name: "end-to-end-idle",
	fills: ["empty", "filled"],
	bells: ["redis", "postgres"],
	measure,
};

async function measure(stage: Stage): Promise<Measurement[]> {
	const { bell, fill, isShort } = stage;
	const provider = await planProvider(renderMs);
	const rig = await openRig(bell, provider.env, { fill });
	if (rig === null) return [];
	try {
		const count = isShort ? 20 : 200;
		const warmed = isShort ? { ...warming, count: 20 } : warming;
		await orderSome(rig, warmed);
		const since = await nowOf(rig);
		const passages = await orderSome(rig, { count, pauseMs });
		const parts = await splitAll(rig, provider, passages);
		const ends = await countEnds(rig, since);
		const ours = latencyOf(parts.map(({ overhead }) => overhead));
		return [
			{
				name: "end to end, idle: beyond the render, p50",
				...{ bell, fill, unit: "ms" },
				ours: ours.p50,
				peer: promisedMs,
				peerName: "promised",
				// Only the engine for production was promised.
				...(bell === "redis" ? { bar: { most: 1 } } : {}),
				latency: { ours },
				note: describe(parts),
				counters: {
					lost: count - ends.succeeded,
					missed: count - ends.delivered,
					duplicated: ends.events - count,
					double_charged:
						(await provider.totals()).accepted_posts - count - warmed.count,
				},
			},
		];
	} finally {
		await rig.close();
	}
}

async function orderSome(
	rig: Rig,
	pace: Pick<OneByOne, "count" | "pauseMs">,
): Promise<Passage[]> {
	const customer = startChild("load/one-by-one");
	try {
		return await customer.ask<Passage[]>({
			url: `${rig.apiUrl}/v1/jobs`,
			headers: { authorization: `Bearer ${rig.apiKey}` },
			body: { input: aVideo },
			...pace,
		} satisfies OneByOne);
	} finally {
		await customer.stop();
	}
}

/** What a job's time went to, in milliseconds; the render is not among it. */
type Parts = {
	accept: number;
	submit: number;
	settle: number;
	deliver: number;
	overhead: number;
};

/** `accept` ends with the answer, `submit` with the provider's receiving it, `settle` with the commit, as its line tells. */
async function splitAll(
	rig: Rig,
	provider: Provider,
	passages: readonly Passage[],
): Promise<Parts[]> {
	const rows = await rig.sql<{ job_id: string; sub: string; at_ms: number }>(
		`select job_id, data->>'submission' as sub, extract(epoch from at)::float8 * 1000 as at_ms from timeline
		where job_id = any($1::text[]) and type = 'succeeded'`,
		[passages.map(({ jobId }) => jobId)],
	);
	const settled = new Map(rows.map((row) => [row.job_id, row]));
	const posts = await provider.posts(passages.length);
	return passages.map(({ jobId, sentAtMs, acceptedAtMs, deliveredAtMs }) => {
		const row = settled.get(jobId);
		const post = posts.find((one) =>
			one.callback_url?.includes(`/${row?.sub}.`),
		);
		if (row === undefined || post === undefined || post.ended_at === null) {
			throw new Error(`${jobId} was delivered, but never rendered`);
		}
		const receivedAtMs = Date.parse(post.received_at);
		const endedAtMs = Date.parse(post.ended_at);
		return {
			accept: acceptedAtMs - sentAtMs,
			submit: receivedAtMs - acceptedAtMs,
			settle: row.at_ms - endedAtMs,
			deliver: deliveredAtMs - row.at_ms,
			overhead: deliveredAtMs - sentAtMs - (endedAtMs - receivedAtMs),
		};
	});
}

function describe(parts: readonly Parts[]): string {
	const told = (["accept", "submit", "settle", "deliver"] as const).map(
		(name) => `${name} ${median(parts.map((one) => one[name])).toFixed(1)}`,
	);
	return `${told.join(" + ")} ms`;
}
