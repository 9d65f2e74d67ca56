import type { Keyring } from "@reelay/shared/signing/keyring";
import { open } from "@reelay/shared/signing/sealing";
import type { Database } from "@reelay/shared/store/database";
import { listSealedSecrets } from "@reelay/shared/store/tenants";
import { LRUCache } from "lru-cache";

// Short enough that a rotated secret is in use within seconds, long enough to spare a read per attempt.
const ttlMs = 5_000;

/** The tenant's valid secrets, opened, and remembered for a few seconds. */
export function createSecretCache(db: Database, keyring: Keyring) {
	const cache = new LRUCache<string, string[]>({
		max: 10_000,
		ttl: ttlMs,
		fetchMethod: async (tenantId) => {
			const sealed = await listSealedSecrets(db, tenantId);
			return sealed.map((secret) => open(secret, keyring, tenantId));
		},
	});
	return async (tenantId: string): Promise<string[]> =>
		(await cache.fetch(tenantId)) ?? [];
}
