import type { Keyring } from "@reelay/shared/signing/keyring";
import { open, SealingError } from "@reelay/shared/signing/sealing";
import type { Database } from "@reelay/shared/store/database";
import { listSealedSecrets } from "@reelay/shared/store/tenants";
import { LRUCache } from "lru-cache";

// Short enough that a rotated secret is in use within seconds, long enough to spare a read per attempt.
const ttlMs = 5_000;

/** The tenant's valid secrets that our keys can open, remembered for a few seconds. */
export function createSecretCache(db: Database, keyring: Keyring) {
	const cache = new LRUCache<string, string[]>({
		max: 10_000,
		ttl: ttlMs,
		fetchMethod: async (tenantId) => {
			const sealed = await listSealedSecrets(db, tenantId);
			return sealed.flatMap((secret) => openOrSkip(secret, keyring, tenantId));
		},
	});
	return async (tenantId: string): Promise<string[]> =>
		(await cache.fetch(tenantId)) ?? [];
}

/** A secret sealed with a key that is gone must not keep the others from signing. */
function openOrSkip(
	sealed: string,
	keyring: Keyring,
	tenantId: string,
): string[] {
	try {
		return [open(sealed, keyring, tenantId)];
	} catch (error) {
		if (error instanceof SealingError) return [];
		throw error;
	}
}
