import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
	apiKeyPrefix,
	createApiKey,
	hashApiKey,
} from "@reelay/shared/signing/api-key";
import { parseKeyring } from "@reelay/shared/signing/keyring";
import { seal } from "@reelay/shared/signing/sealing";
import { type NetworkProxy, startProxy } from "@reelay/shared/testing/proxy";
import type { Bell } from "../journeys/stage.ts";
import { type Beside, startBeside } from "./beside.ts";
import { type OwnPostgres, startOwnPostgres } from "./own-postgres.ts";
import { type RedisScene, withRedis } from "./redis-scene.ts";
import { type FaultStage, openFaultStage } from "./stage.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));

/** Renders at once, and POSTs in any ten seconds, that the provider must never see exceeded. */
export const limits = { concurrency: 80, posts: 130 };

/** A stage of which everything can be broken, with processes beside its own that nobody stops. */
export type SoakScene = {
	stage: FaultStage;
	postgres: OwnPostgres;
	/** The way of every process to Postgres. */
	toPostgres: NetworkProxy;
	/** Null where Postgres rings. */
	redis: RedisScene | null;
	/** An api, a worker and a receiver that live through the whole run. */
	elders: readonly Beside[];
	/** Of both apis. */
	apiUrls: readonly string[];
	/** An API key of each tenant. */
	tenants: readonly string[];
};

/** Opens it for one play; false where the bell is missing. */
export async function withSoak(
	bell: Bell,
	play: (scene: SoakScene) => Promise<void>,
): Promise<boolean> {
	const postgres = await startOwnPostgres();
	const toPostgres = await startProxy(postgres.url);
	const env = {
		DATABASE_URL: toPostgres.url,
		// The governor's window is longer than the one it is judged by: what POSTs differ in on their way must not count.
		PROVIDER_RATE: `${limits.posts}/12`,
		SIMULATOR_RATE: `${limits.posts}/10`,
		PROVIDER_CONCURRENCY: String(limits.concurrency),
		SIMULATOR_CONCURRENCY: "10000",
		SIMULATOR_BALANCE: "1000000000",
		SUBMIT_TIMEOUT_S: "15",
	};
	let wasPlayed = false;
	const playOn = async (stage: FaultStage, redis: RedisScene | null) => {
		wasPlayed = true;
		const base = { stage, postgres, toPostgres, redis };
		await withElders(base, play);
	};
	try {
		if (bell === "redis") {
			await withRedis((redis) => playOn(redis.stage, redis), { env });
			return wasPlayed;
		}
		const stage = await openFaultStage(bell, { env });
		try {
			if (stage !== null) await playOn(stage, null);
		} finally {
			await stage?.close();
		}
		return wasPlayed;
	} finally {
		await toPostgres.close();
		await postgres.close();
	}
}

async function withElders(
	base: Pick<SoakScene, "stage" | "postgres" | "toPostgres" | "redis">,
	play: (scene: SoakScene) => Promise<void>,
): Promise<void> {
	const { stage, toPostgres } = base;
	await keepCallingBack(stage);
	const tenants = [
		stage.stack.secrets.BOOTSTRAP_API_KEY,
		await addTenant(stage, "second"),
		await addTenant(stage, "third"),
	];
	const folder = `${stage.env.DATA_DIR}-elder`;
	const elders: Beside[] = [];
	try {
		const webhook = await startBeside(stage, "webhook", {
			root,
			env: { DATA_DIR: folder },
		});
		elders.push(webhook);
		const env = { CALLBACK_BASE_URL: webhook.url };
		elders.push(await startBeside(stage, "worker", { root, env }));
		const api = await startBeside(stage, "api", { root });
		elders.push(api);
		const apiUrls = [stage.apiUrl, api.url];
		await play({ ...base, elders, apiUrls, tenants });
	} finally {
		// A way to Postgres that is still broken would only delay the end.
		toPostgres.restore();
		await Promise.all(elders.map(({ process }) => process.stop()));
		rmSync(folder, { recursive: true, force: true });
	}
}

/** A receiver that was away is called again until it hears. */
async function keepCallingBack(stage: FaultStage): Promise<void> {
	const response = await fetch(
		`${stage.env.SEE2AI_BASE_URL}/control/defaults`,
		{
			method: "PUT",
			headers: { "content-type": "application/json" },
			body: JSON.stringify({
				callback: { max_attempts: 20, retry_delay_ms: 250 },
			}),
		},
	);
	if (!response.ok) throw new Error(await response.text());
}

/** Adds a tenant whose webhooks are signed with the first one's secret, so that one receiver verifies all; returns its key. */
async function addTenant(
	{ sql, stack }: FaultStage,
	name: string,
): Promise<string> {
	const [tenant] = await sql(
		"insert into tenant (id, name) values (new_id('ten'), $1) returning id",
		[name],
	);
	const { ENCRYPTION_KEYS, WEBHOOK_SECRET } = stack.secrets;
	const sealed = seal(WEBHOOK_SECRET, parseKeyring(ENCRYPTION_KEYS), tenant.id);
	await sql(
		"insert into webhook_secret (id, tenant_id, sealed) values (new_id('sec'), $1, $2)",
		[tenant.id, sealed],
	);
	const key = createApiKey();
	await sql(
		"insert into api_key (id, tenant_id, name, prefix, hash, scopes) select new_id('key'), $1, $2, $3, $4, scopes from api_key limit 1",
		[tenant.id, name, apiKeyPrefix(key), hashApiKey(key)],
	);
	return key;
}
