/** How long an accept takes under a load that arrives at fixed instants, whether or not the one before was answered. */
import { startPeers } from "./accept.ts";
import {
	acceptTarget,
	apiAlone,
	auditAccepts,
	createSide,
} from "./accept-load.ts";
import { startChild } from "./child.ts";
import { openRig } from "./rig.ts";
import type { Scenario } from "./scenario.ts";

const perSecond = 200;
const long = { perSecond, rounds: 3, seconds: 10 };
const short = { perSecond, rounds: 1, seconds: 1 };

export const acceptSteady: Scenario = {
	name: "accept-steady",
	fills: ["empty"],
	bells: ["redis", "postgres"],
	async measure({ bell, fill, isShort }) {
		const rig = await openRig(bell, {}, { apps: apiAlone });
		if (rig === null) return [];
		const peers = await startPeers(rig).catch(async (error) => {
			await rig.close();
			throw error;
		});
		const load = startChild("load/open-loop");
		try {
			const ours = createSide("ours", acceptTarget(rig.apiUrl, rig.apiKey));
			const sides = [ours, peers.usual];
			const { rounds, seconds } = isShort ? short : long;
			for (const side of sides) {
				await side.warmUp(load, { perSecond, seconds });
			}
			for (let round = 0; round < rounds; round += 1) {
				for (const side of sides) await side.run(load, { perSecond, seconds });
			}
			const mine = ours.take().latency;
			const usual = peers.usual.take().latency;
			const counters = await auditAccepts(rig, ours, [peers.usual]);
			const shared = { bell, fill, unit: "ms" as const, counters };
			return [
				{
					...shared,
					name: `accept, ${perSecond} arrive a second, p50`,
					ours: mine.p50,
					peer: usual.p50,
					peerName: peers.usual.name,
					latency: { ours: mine, peer: usual },
				},
				{
					...shared,
					name: `accept, ${perSecond} arrive a second, p99`,
					ours: mine.p99,
					peer: usual.p99,
					peerName: peers.usual.name,
				},
			];
		} finally {
			await load.stop();
			await peers.stop();
			await rig.close();
		}
	},
};
