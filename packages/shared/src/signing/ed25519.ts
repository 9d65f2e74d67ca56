import {
	createPrivateKey,
	createPublicKey,
	type KeyObject,
	randomBytes,
	sign,
} from "node:crypto";

/** An endpoint's pair of keys: `secret` signs and stays with us, `public` verifies and is shown to the customer. */
export type SigningKeyPair = {
	/** `whsk_` and the 32 bytes of the seed in base64. */
	secret: string;
	/** `whpk_` and the 32 bytes of the public key in base64. */
	public: string;
};

const secretPrefix = "whsk_";
const publicPrefix = "whpk_";
const keyBytes = 32;
// RFC 8410 puts these bytes before a seed; Node reads a private key in no shorter form.
const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** Makes a new pair of ed25519 keys for signatures of the version `v1a`. */
export function createSigningKeyPair(): SigningKeyPair {
	const secret = secretPrefix + randomBytes(keyBytes).toString("base64");
	return { secret, public: publicKeyOf(secret) };
}

/** Gives the `whpk_` key that verifies what a `whsk_` secret signs. Throws a RangeError for any other text. */
export function publicKeyOf(secret: string): string {
	const { x = "" } = createPublicKey(readSecret(secret)).export({
		format: "jwk",
	});
	return publicPrefix + Buffer.from(x, "base64url").toString("base64");
}

/** Tells whether a text says of itself that it is a `whsk_` secret; it may still be malformed. */
export function claimsToSign(text: string): boolean {
	return text.startsWith(secretPrefix);
}

/** The 64 bytes of the ed25519 signature of these bytes. Throws a RangeError for a malformed secret. */
export function signEd25519(bytes: Uint8Array, secret: string): Buffer {
	return sign(null, bytes, readSecret(secret));
}

function readSecret(text: string): KeyObject {
	const encoded = text.slice(secretPrefix.length);
	const seed = Buffer.from(encoded, "base64");
	const isSound = seed.length === keyBytes && claimsToSign(text);
	// Node skips what is no base64, which would turn a typing error into another key.
	if (!isSound || seed.toString("base64") !== encoded) {
		throw new RangeError("not a whsk_ secret");
	}
	return createPrivateKey({
		key: Buffer.concat([pkcs8Prefix, seed]),
		format: "der",
		type: "pkcs8",
	});
}
