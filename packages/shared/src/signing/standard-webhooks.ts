import { createHmac, randomBytes } from "node:crypto";
import { claimsToSign, signEd25519 } from "./ed25519.ts";

/** What a delivery is signed over; `timestamp` is in unix seconds. */
export type WebhookToSign = {
	id: string;
	timestamp: number;
	body: string | Buffer;
	/** `whsec_` signs as `v1`, and `whsk_` as `v1a`. */
	secrets: readonly string[];
};

/** The three headers that Standard Webhooks asks of a sender. */
export type WebhookHeaders = {
	"webhook-id": string;
	"webhook-timestamp": string;
	"webhook-signature": string;
};

const secretPrefix = "whsec_";
// The bounds that the specification sets for a symmetric secret.
const minSecretBytes = 24;
const maxSecretBytes = 64;

/**
 * Signs the bytes that are sent, once per secret and in their order, as Standard Webhooks has it.
 * All secrets that are valid now are given: that is how a customer rotates one
 * without a lost event. Throws when a signature would be worthless: no secret,
 * a malformed one, a dotted id or a timestamp that is not whole seconds.
 */
export function signWebhook(webhook: WebhookToSign): WebhookHeaders {
	const { id, timestamp, body, secrets } = webhook;
	if (secrets.length === 0) throw new RangeError("no secret to sign with");
	// A dot in the id would let two different webhooks share one signed text.
	if (id === "" || id.includes(".")) throw new RangeError("bad webhook id");
	if (!Number.isSafeInteger(timestamp)) {
		throw new RangeError("the timestamp must be whole unix seconds");
	}
	const head = `${id}.${timestamp}.`;
	const signatures = secrets.map((secret) =>
		claimsToSign(secret)
			? `v1a,${signAsymmetric(head, body, secret)}`
			: `v1,${signSymmetric(head, body, secret)}`,
	);
	return {
		"webhook-id": id,
		"webhook-timestamp": String(timestamp),
		"webhook-signature": signatures.join(" "),
	};
}

function signSymmetric(head: string, body: string | Buffer, secret: string) {
	const key = decodeSecret(secret);
	if (key === null) throw new RangeError("not a whsec_ secret");
	return createHmac("sha256", key).update(head).update(body).digest("base64");
}

// Ed25519 reads its message twice, so it takes it in one piece.
function signAsymmetric(head: string, body: string | Buffer, secret: string) {
	const message = Buffer.concat([Buffer.from(head), Buffer.from(body)]);
	return signEd25519(message, secret).toString("base64");
}

/** Makes a new endpoint secret: `whsec_` and 32 random bytes in base64. */
export function createWebhookSecret(): string {
	return secretPrefix + randomBytes(32).toString("base64");
}

/** Tells whether a text is a `whsec_` secret of 24 to 64 bytes. */
export function isWebhookSecret(text: string): boolean {
	return decodeSecret(text) !== null;
}

function decodeSecret(text: string): Buffer | null {
	if (!text.startsWith(secretPrefix)) return null;
	const encoded = text.slice(secretPrefix.length);
	const key = Buffer.from(encoded, "base64");
	// Verifiers in other languages decode strictly: a secret that only Node
	// reads would make signatures that nobody can check.
	if (key.toString("base64") !== encoded) return null;
	const isSound = key.length >= minSecretBytes && key.length <= maxSecretBytes;
	return isSound ? key : null;
}
