import type { Keyring } from "@reelay/shared/signing/keyring";
import { open, SealingError } from "@reelay/shared/signing/sealing";
import type { Database } from "@reelay/shared/store/database";
import { listSealedSecrets } from "@reelay/shared/store/secrets";
import { LRUCache } from "lru-cache";

// Short enough that a rotated secret is in use within seconds, long enough to spare a read per attempt.
const ttlMs = 5_000;

/** Whose secrets sign: an endpoint's own, or those of the tenant, for the URLs that its jobs name. */
export type SecretOwner = { tenantId: string; endpointId: string | null };

/** The valid secrets of an owner that our keys can open, remembered for a few seconds. */
export function createSecretCache(db: Database, keyring: Keyring) {
	const cache = new LRUCache<string, string[], SecretOwner>({
		max: 10_000,
		ttl: ttlMs,
		fetchMethod: async (context, _stale, { context: owner }) => {
			const sealed = await listSealedSecrets(db, owner);
			return sealed.flatMap((secret) => openOrSkip(secret, keyring, context));
		},
	});
	return async (owner: SecretOwner): Promise<string[]> =>
		(await cache.fetch(owner.endpointId ?? owner.tenantId, {
			context: owner,
		})) ?? [];
}

/** A secret sealed with a key that is gone must not keep the others from signing. */
function openOrSkip(
	sealed: string,
	keyring: Keyring,
	context: string,
): string[] {
	try {
		return [open(sealed, keyring, context)];
	} catch (error) {
		if (error instanceof SealingError) return [];
		throw error;
	}
}
