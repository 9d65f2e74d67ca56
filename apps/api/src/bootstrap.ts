import { allScopes } from "@reelay/shared/domain/scope";
import { apiKeyPrefix, hashApiKey } from "@reelay/shared/signing/api-key";
import type { Keyring } from "@reelay/shared/signing/keyring";
import { seal } from "@reelay/shared/signing/sealing";
import { createWebhookSecret } from "@reelay/shared/signing/standard-webhooks";
import type { Database } from "@reelay/shared/store/database";
import { ensureBootstrapKey } from "@reelay/shared/store/keys";
import {
	ensureFirstTenant,
	insertFirstSecret,
} from "@reelay/shared/store/tenants";

export type Bootstrap = {
	db: Database;
	keyring: Keyring;
	apiKey: string | null;
	webhookSecret: string | null;
};

/**
 * Gives a new installation its first tenant, its first key and a secret that signs deliveries. What is there already
 * stays as it is, but for the first key, which has every scope that there is, also one that came with a later release. So
 * this runs at every start and in any number of processes. Returns a secret that was made here, which is then shown once
 * and never again.
 */
export async function bootstrap({
	db,
	keyring,
	apiKey,
	webhookSecret,
}: Bootstrap): Promise<{ madeSecret: string | null }> {
	const tenantId = await ensureFirstTenant(db);
	if (apiKey !== null) {
		await ensureBootstrapKey(db, {
			tenantId,
			name: "bootstrap",
			prefix: apiKeyPrefix(apiKey),
			hash: hashApiKey(apiKey),
			scopes: allScopes,
		});
	}
	const secret = webhookSecret ?? createWebhookSecret();
	const sealed = seal(secret, keyring, tenantId);
	const isNew = await insertFirstSecret(db, tenantId, sealed);
	return { madeSecret: isNew && webhookSecret === null ? secret : null };
}
