/** What a customer sees of a Redis that is gone: the latency of accepts while it is down, against that while it was up. */
import {
	acceptTarget,
	apiAlone,
	auditAccepts,
	createSide,
} from "./accept-load.ts";
import { startChild } from "./child.ts";
import { openRig } from "./rig.ts";
import type { Scenario } from "./scenario.ts";

const connections = 32;
const long = { rounds: 3, seconds: 4, count: 100_000 };
const short = { rounds: 1, seconds: 5, count: 150 };

export const acceptWithoutRedis: Scenario = {
	name: "accept-without-redis",
	fills: ["empty"],
	bells: ["redis"],
	async measure({ bell, fill, isShort }) {
		const { rounds, seconds, count } = isShort ? short : long;
		const rig = await openRig(bell, {}, { apps: apiAlone });
		if (rig === null) return [];
		const load = startChild("load/closed-loop");
		try {
			const side = createSide("ours", acceptTarget(rig.apiUrl, rig.apiKey));
			const run = async () => {
				await side.warmUp(load, { connections, seconds, count });
				for (let round = 0; round < rounds; round += 1) {
					await side.run(load, { connections, seconds, count });
				}
				return side.take();
			};
			const up = await run();
			await rig.redis?.kill();
			const down = await run();
			return [
				{
					name: "accept, Redis down, p99",
					bell,
					fill,
					unit: "ms",
					ours: down.latency.p99,
					peer: up.latency.p99,
					peerName: "ours, Redis up",
					bar: { most: 1.2 },
					latency: { ours: down.latency, peer: up.latency },
					counters: await auditAccepts(rig, side),
				},
			];
		} finally {
			await load.stop();
			await rig.close();
		}
	},
};
