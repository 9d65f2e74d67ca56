import { createPublicKey, type KeyObject } from "node:crypto";
import { decodeBase64 } from "./strict-base64.ts";
import { WebhookVerificationError } from "./webhook-error.ts";

/** What verifies signatures of one version: a shared secret those of `v1`, a public key those of `v1a`. */
export type VerificationKey =
	| { version: "v1"; secret: Buffer }
	| { version: "v1a"; publicKey: KeyObject };

// The bounds that Standard Webhooks sets for a symmetric secret.
const minSecretBytes = 24;
const maxSecretBytes = 64;
const publicKeyBytes = 32;

/**
 * Reads one secret or several. One that is malformed refuses them all, because it would else be found out in the
 * middle of a rotation. Messages tell a secret by its place in the list, never by its text.
 */
export function readSecrets(secret: unknown): VerificationKey[] {
	const secrets: unknown[] = Array.isArray(secret) ? secret : [secret];
	if (secrets.length === 0) {
		throw badSecret("The list of secrets is empty: pass the endpoint's.");
	}
	return secrets.map((text, index) => {
		const name = secrets.length === 1 ? "The secret" : `Secret ${index + 1}`;
		return readSecret(text, name);
	});
}

function readSecret(text: unknown, name: string): VerificationKey {
	if (typeof text !== "string" || text === "") {
		const what =
			text === "" ? "empty" : `${text === null ? null : typeof text}`;
		throw badSecret(
			`${name} is ${what}: is the environment variable set that it is read from?`,
		);
	}
	if (text.trim() !== text) {
		throw badSecret(
			`${name} has a space or a line break at its start or end: remove it.`,
		);
	}
	if (text.startsWith("whsec_")) return readSymmetric(text, name);
	if (text.startsWith("whpk_")) return readPublicKey(text, name);
	if (text.startsWith("whsk_")) {
		throw badSecret(
			`${name} is a whsk_ key, which signs and is nobody's but the sender's: pass the whpk_ key that belongs to it.`,
		);
	}
	throw badSecret(
		`${name} starts neither with whsec_ nor with whpk_: pass the endpoint's secret whole, with its prefix.`,
	);
}

function readSymmetric(text: string, name: string): VerificationKey {
	const secret = decodeBase64(text.slice("whsec_".length));
	const length = secret?.length ?? 0;
	if (secret === null || length < minSecretBytes || length > maxSecretBytes) {
		throw badSecret(
			`${name} is not whsec_ and ${minSecretBytes} to ${maxSecretBytes} bytes in base64: copy it again, whole.`,
		);
	}
	return { version: "v1", secret };
}

function readPublicKey(text: string, name: string): VerificationKey {
	const bytes = decodeBase64(text.slice("whpk_".length));
	if (bytes?.length !== publicKeyBytes) {
		throw badSecret(
			`${name} is not whpk_ and ${publicKeyBytes} bytes in base64: copy it again, whole.`,
		);
	}
	const x = bytes.toString("base64url");
	const key = { kty: "OKP", crv: "Ed25519", x };
	return { version: "v1a", publicKey: createPublicKey({ key, format: "jwk" }) };
}

function badSecret(message: string) {
	return new WebhookVerificationError("bad_secret", message);
}
