/**
 * Accepting a job, `POST /v1/jobs`: authenticated, validated, committed and then answered. Beside it, in turn on the same
 * machine, the usual way of writing such a service, and an Express that validates and keeps nothing.
 */
import {
	acceptTarget,
	apiAlone,
	auditAccepts,
	createSide,
	type Side,
} from "./accept-load.ts";
import { type Child, startChild } from "./child.ts";
import { currentGround } from "./ground.ts";
import type { Measurement } from "./measurement.ts";
import type { PeerStart } from "./peers/serve.ts";
import { openRig, type Rig } from "./rig.ts";
import type { Scenario, Stage } from "./scenario.ts";

const houses = [32, 128];
const long = { rounds: 3, seconds: 4, count: 100_000 };
const short = { rounds: 1, seconds: 5, count: 150 };

export const accept: Scenario = {
	name: "accept",
	fills: ["empty"],
	bells: ["redis", "postgres"],
	async measure(stage) {
		const rig = await openRig(stage.bell, {}, { apps: apiAlone });
		if (rig === null) return [];
		const peers = await startPeers(rig).catch(async (error) => {
			await rig.close();
			throw error;
		});
		const load = startChild("load/closed-loop");
		try {
			const ours = createSide("ours", acceptTarget(rig.apiUrl, rig.apiKey));
			const measured = [];
			for (const connections of stage.isShort ? houses.slice(0, 1) : houses) {
				const sides = [ours, peers.usual, peers.bare];
				await runRounds(load, sides, { stage, connections });
				measured.push(compare({ stage, connections }, ours, peers));
			}
			const counters = await auditAccepts(rig, ours, [peers.usual, peers.bare]);
			return measured.flat().map((one) => ({ ...one, counters }));
		} finally {
			await load.stop();
			await peers.stop();
			await rig.close();
		}
	},
};

type House = { stage: Stage; connections: number };

/** In turn, so that whatever else the machine does falls on all of them. */
async function runRounds(
	load: Child,
	sides: readonly Side[],
	{ stage, connections }: House,
): Promise<void> {
	const { rounds, seconds, count } = stage.isShort ? short : long;
	for (const side of sides) {
		await side.warmUp(load, { connections, seconds, count });
	}
	for (let round = 0; round < rounds; round += 1) {
		for (const side of sides) {
			await side.run(load, { connections, seconds, count });
		}
	}
}

type Compared = Omit<Measurement, "counters">;

function compare(
	{ stage, connections }: House,
	ours: Side,
	peers: { usual: Side; bare: Side },
): Compared[] {
	const { bell, fill } = stage;
	const [mine, usual, bare] = [
		ours.take(),
		peers.usual.take(),
		peers.bare.take(),
	];
	const latency = { ours: mine.latency, peer: usual.latency };
	const at = `${connections} connections`;
	return [
		{
			name: `accept, ${at}`,
			bell,
			fill,
			unit: "a second",
			latency,
			ours: mine.rate,
			peer: usual.rate,
			peerName: peers.usual.name,
			bar: { least: 3 },
		},
		{
			name: `accept, ${at}, p99`,
			bell,
			fill,
			unit: "ms",
			ours: mine.latency.p99,
			peer: usual.latency.p99,
			peerName: peers.usual.name,
			bar: { most: 0.5 },
		},
		{
			name: `accept, ${at}, against validating`,
			bell,
			fill,
			unit: "a second",
			ours: mine.rate,
			peer: bare.rate,
			peerName: peers.bare.name,
			bar: { least: 0.6 },
		},
	];
}

/** The peers in processes of their own, with a database of their own in the same Postgres, and the same Redis. */
export async function startPeers(rig: Rig) {
	const ground = currentGround();
	const databaseUrl = await ground.create("usual_way");
	const usual = startChild("peers/usual-way");
	const bare = startChild("peers/validate-only");
	const start: PeerStart = {
		apiKey: rig.apiKey,
		databaseUrl,
		redisUrl: rig.redis?.url ?? null,
	};
	const stop = async () => {
		await Promise.all([usual.stop(), bare.stop()]);
		await ground.drop(databaseUrl);
	};
	try {
		const [usualUrl, bareUrl] = await Promise.all([
			usual.ask<string>(start),
			bare.ask<string>(start),
		]);
		return {
			usual: createSide("the usual way", acceptTarget(usualUrl, rig.apiKey)),
			bare: createSide("only validating", acceptTarget(bareUrl, rig.apiKey)),
			stop,
		};
	} catch (error) {
		await stop();
		throw error;
	}
}
