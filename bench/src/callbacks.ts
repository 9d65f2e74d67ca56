/**
 * Callbacks a second of one receiver: each POST's token is verified, its body read, kept and settled, and the job's end,
 * event and delivery are committed before it is answered. The jobs are written as rendering beforehand; worker, api and
 * provider do not run, so that nothing but the receiver works on them. The same callbacks once more are duplicates.
 *
 * The peer is the acceptance of a job in the usual way, which a provider's callback would be taken with too: Express, zod,
 * one row through Prisma and one `queue.add`. It has the same load from the same program, as many requests at once, the
 * same server of Postgres, durable, and the same Redis.
 */
import { signCallbackToken } from "@reelay/shared/signing/capability";
import { parseKeyring } from "@reelay/shared/signing/keyring";
import { findFreePort } from "@reelay/stack/ports";
import { startChild } from "./child.ts";
import { countEnds, insertRendering, nowOf } from "./jobs.ts";
import type { Answers, Posts } from "./load/posts.ts";
import { type Latency, latencyOf, type Measurement } from "./measurement.ts";
import { openPeerStores } from "./peer-stores.ts";
import { openRig, type Rig } from "./rig.ts";
import type { Scenario, Stage } from "./scenario.ts";
import { aSuccess, aVideo } from "./video.ts";

const atOnce = 32;

export const callbacks: Scenario = {
	name: "callbacks",
	fills: ["empty", "filled"],
	bells: ["redis", "postgres"],
	measure,
};

async function measure(stage: Stage): Promise<Measurement[]> {
	const count = stage.isShort ? 300 : 6_000;
	const port = String(await findFreePort());
	const rig = await openRig(
		stage.bell,
		{ WEBHOOK_PORT: port },
		{ fill: stage.fill, apps: ["webhook"] },
	);
	if (rig === null) return [];
	try {
		const receiver = { rig, url: `http://127.0.0.1:${port}`, count };
		const ours = await callBack(receiver);
		const usual = await acceptTheUsualWay(rig, count);
		return toMeasurements(stage, { ...ours, usual });
	} finally {
		await rig.close();
	}
}

type Counters = Record<string, number>;
type Measured = {
	first: Answers;
	again: Answers;
	usual: Answers;
	counters: Counters;
	countersAgain: Counters;
};

function toMeasurements(
	{ bell, fill }: Stage,
	{ first, again, usual, counters, countersAgain }: Measured,
): Measurement[] {
	const [ours, duplicates, peer] = [first, again, usual].map(
		({ latenciesMs }) => latencyOf(latenciesMs),
	) as [Latency, Latency, Latency];
	const common = { bell, fill, unit: "a second" as const };
	const refused_by_a_peer =
		usual.latenciesMs.length - (usual.statuses[202] ?? 0);
	return [
		{
			...common,
			name: "callbacks",
			ours: rateOf(first),
			peer: rateOf(usual),
			peerName: "accepting the usual way",
			bar: { least: 2 },
			latency: { ours, peer },
			counters: { ...counters, refused_by_a_peer },
		},
		{
			...common,
			name: "duplicate callbacks",
			ours: rateOf(again),
			peer: rateOf(first),
			peerName: "first callbacks",
			bar: { least: 3 },
			latency: { ours: duplicates, peer: ours },
			counters: countersAgain,
		},
	];
}

type Receiver = { rig: Rig; url: string; count: number };

/**
 * Sends each callback once, and then each once more, and looks after both at what they have left. As many others come
 * before, so that neither ours nor the peer is measured while its code is still being compiled.
 */
async function callBack(receiver: Receiver): Promise<Omit<Measured, "usual">> {
	const { rig, url, count } = receiver;
	const send = (posts: Posts["posts"]) =>
		load.ask<Answers>({ origin: url, posts, atOnce } satisfies Posts);
	const load = startChild("load/posts");
	try {
		await send(await someCallbacks(receiver));
		const since = await nowOf(rig);
		const posts = await someCallbacks(receiver);
		const first = await send(posts);
		const counters = await whatWentWrong(rig, { since, count, answers: first });
		const again = await send(posts);
		const wrongAgain = { since, count, answers: again };
		const countersAgain = await whatWentWrong(rig, wrongAgain);
		return { first, again, counters, countersAgain };
	} finally {
		await load.stop();
	}
}

/** A callback for each of so many renders, at the address that the provider was given for it. */
async function someCallbacks({
	rig,
	count,
}: Receiver): Promise<Posts["posts"]> {
	const keyring = parseKeyring(rig.stack.secrets.CALLBACK_KEYS);
	const webhookUrl = "https://hooks.example.com/videos";
	const renders = await insertRendering(rig, { count, webhookUrl });
	return renders.map(({ id, task }) => ({
		path: `/callbacks/see2ai/${signCallbackToken(id, keyring)}`,
		body: JSON.stringify(aSuccess(task)),
	}));
}

/** Each job has ended once, with one event and one delivery; whatever is not so is counted. */
async function whatWentWrong(
	rig: Rig,
	told: { since: string; count: number; answers: Answers },
): Promise<Counters> {
	const { since, count, answers } = told;
	const ends = await countEnds(rig, since);
	return {
		lost: count - ends.succeeded,
		duplicated: Math.max(0, ends.events - count),
		missed: count - ends.deliveries,
		quarantined: ends.quarantined,
		refused: count - (answers.statuses[200] ?? 0),
	};
}

async function acceptTheUsualWay(rig: Rig, count: number): Promise<Answers> {
	const { stores, close } = await openPeerStores(rig);
	const peer = startChild("peers/usual-way");
	const load = startChild("load/posts");
	try {
		const origin = await peer.ask<string>({ ...stores, apiKey: rig.apiKey });
		const headers = { authorization: `Bearer ${rig.apiKey}` };
		const post = { path: "/v1/jobs", body: JSON.stringify({ input: aVideo }) };
		const send = (n: number) => {
			const posts = Array.from({ length: n }, () => post);
			return load.ask<Answers>({
				origin,
				headers,
				posts,
				atOnce,
			} satisfies Posts);
		};
		await send(count);
		return await send(count);
	} finally {
		await load.stop();
		await peer.stop();
		await close();
	}
}

function rateOf({ fromMs, toMs, latenciesMs }: Answers): number {
	return (latenciesMs.length * 1000) / (toMs - fromMs);
}
