import type { rotateSecretSchema } from "@reelay/shared/contracts/endpoint-api";
import { maxValidSecrets } from "@reelay/shared/domain/endpoint";
import { createSigningKeyPair } from "@reelay/shared/signing/ed25519";
import { seal } from "@reelay/shared/signing/sealing";
import { createWebhookSecret } from "@reelay/shared/signing/standard-webhooks";
import { rotateSecret, type SecretRecord } from "@reelay/shared/store/secrets";
import type { z } from "zod";
import { checkSecret, type EndpointDeps, refuse } from "./change-endpoint.ts";
import { problemFor } from "./problem.ts";

/**
 * Gives an endpoint one more secret, or key pair, that signs from now on, and lets the others run out after the overlap.
 * A secret is in this answer and in no later one; of a key pair only the public half ever leaves.
 */
export async function addSecret(
	{ db, keyring }: EndpointDeps,
	endpointId: string,
	body: z.infer<typeof rotateSecretSchema>,
) {
	refuse(checkSecret(body.secret));
	if (body.kind === "ed25519" && body.secret !== undefined) {
		const message = "A key pair is made here: leave the secret out.";
		refuse([{ pointer: "/secret", code: "invalid_value", message }]);
	}
	const { secret, publicKey } =
		body.kind === "ed25519" ? keyPair() : sharedSecret(body.secret);
	const record = await rotateSecret(db, {
		endpointId,
		sealed: seal(secret, keyring, endpointId),
		publicKey,
		overlapS: body.overlap_s,
	});
	if (record !== null) {
		return {
			...presentSecret(record),
			secret: publicKey === null ? secret : null,
		};
	}
	throw problemFor("too_many_secrets", {
		detail: `${maxValidSecrets} secrets may be valid at once; end one, or rotate with an overlap_s of 0, which ends all others.`,
	});
}

/** A secret as its owner may see it. */
export function presentSecret(secret: SecretRecord) {
	return {
		id: secret.id,
		kind: secret.public_key === null ? ("hmac" as const) : ("ed25519" as const),
		public_key: secret.public_key,
		created_at: secret.created_at.toISOString(),
		expires_at: secret.expires_at?.toISOString() ?? null,
	};
}

function keyPair() {
	const pair = createSigningKeyPair();
	return { secret: pair.secret, publicKey: pair.public };
}

function sharedSecret(own: string | undefined) {
	return { secret: own ?? createWebhookSecret(), publicKey: null };
}
