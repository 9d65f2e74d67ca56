import { findFreePort } from "@reelay/stack/ports";
import { currentGround } from "./ground.ts";
import { startRedis } from "./redis.ts";
import type { Rig } from "./rig.ts";

/**
 * Where a peer keeps its work: on the same server of Postgres as ours, in another database; and in a Redis of its own
 * where the rig's bell is on Redis, else null.
 */
export type PeerStores = { databaseUrl: string; redisUrl: string | null };

/** Makes them, empty; `close` throws them away. */
export async function openPeerStores(
	rig: Rig,
): Promise<{ stores: PeerStores; close(): Promise<void> }> {
	const ground = currentGround();
	const redis =
		rig.redis === null
			? null
			: await startRedis(await findFreePort(), ground.folder);
	const databaseUrl = await ground.create("peer");
	return {
		stores: { databaseUrl, redisUrl: redis?.url ?? null },
		async close() {
			await redis?.kill();
			await ground.drop(databaseUrl);
		},
	};
}
