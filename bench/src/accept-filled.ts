/** What an accept costs beside a million finished jobs and a long queue, against the same over an empty database. */
import {
	acceptTarget,
	apiAlone,
	auditAccepts,
	createSide,
	type Side,
} from "./accept-load.ts";
import { startChild } from "./child.ts";
import { openRig, type Rig } from "./rig.ts";
import type { Scenario } from "./scenario.ts";

const connections = 32;
const long = { rounds: 3, seconds: 4, count: 100_000 };
const short = { rounds: 1, seconds: 5, count: 150 };

export const acceptFilled: Scenario = {
	name: "accept-filled",
	fills: ["filled"],
	bells: ["redis", "postgres"],
	async measure({ bell, fill, isShort }) {
		const { rounds, seconds, count } = isShort ? short : long;
		const rigs: Rig[] = [];
		const load = startChild("load/closed-loop");
		try {
			const sides: Side[] = [];
			for (const each of ["filled", "empty"] as const) {
				const rig = await openRig(bell, {}, { fill: each, apps: apiAlone });
				if (rig === null) return [];
				rigs.push(rig);
				const side = createSide(each, acceptTarget(rig.apiUrl, rig.apiKey));
				await side.warmUp(load, { connections, seconds, count });
				sides.push(side);
			}
			for (let round = 0; round < rounds; round += 1) {
				for (const side of sides) {
					await side.run(load, { connections, seconds, count });
				}
			}
			const [full, empty] = sides as [Side, Side];
			const [mine, other] = [full.take(), empty.take()];
			const [rig] = rigs as [Rig];
			return [
				{
					name: `accept, ${connections} connections, filled`,
					bell,
					fill,
					unit: "a second",
					ours: mine.rate,
					peer: other.rate,
					peerName: "ours over an empty database",
					bar: { least: 1 / 1.3 },
					latency: { ours: mine.latency, peer: other.latency },
					counters: await auditAccepts(rig, full),
				},
			];
		} finally {
			await load.stop();
			for (const rig of rigs) await rig.close();
		}
	},
};
