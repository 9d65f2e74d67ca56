import {
	createCipheriv,
	createDecipheriv,
	hkdfSync,
	randomBytes,
} from "node:crypto";
import type { Keyring } from "./keyring.ts";

const version = "v1";
const algorithm = "aes-256-gcm";
const ivBytes = 12;
const tagBytes = 16;

/**
 * A sealed text cannot be opened: its key left the keyring, it belongs to
 * another context, or somebody changed it. Retrying does not help.
 */
export class SealingError extends Error {
	override readonly name = "SealingError";
}

/**
 * Encrypts a secret for storage as `v1.<keyid>.<iv>.<ciphertext+tag>`. The
 * context, such as `endpoint:<id>`, is not stored but must be given again to
 * open it, so that a sealed text copied to another row stays shut.
 */
export function seal(
	plaintext: string,
	keyring: Keyring,
	context: string,
): string {
	const { id, key } = keyring.signing;
	const iv = randomBytes(ivBytes);
	const cipher = createCipheriv(algorithm, sealingKey(key), iv);
	cipher.setAAD(associatedData(id, context));
	const sealed = Buffer.concat([
		cipher.update(plaintext, "utf8"),
		cipher.final(),
		cipher.getAuthTag(),
	]);
	return [
		version,
		id,
		iv.toString("base64url"),
		sealed.toString("base64url"),
	].join(".");
}

/**
 * Gives back what `seal` was given, or throws a SealingError. Any key of the
 * keyring opens, so texts sealed before a rotation keep opening after it.
 */
export function open(
	sealed: string,
	keyring: Keyring,
	context: string,
): string {
	const { keyId, iv, body } = parseSealed(sealed);
	const key = keyring.find(keyId);
	if (key === null) {
		throw new SealingError(
			`sealed with the key "${keyId}", which is not in ENCRYPTION_KEYS`,
		);
	}
	const decipher = createDecipheriv(algorithm, sealingKey(key), iv, {
		authTagLength: tagBytes,
	});
	decipher.setAAD(associatedData(keyId, context));
	decipher.setAuthTag(body.subarray(body.length - tagBytes));
	try {
		const head = decipher.update(body.subarray(0, body.length - tagBytes));
		return Buffer.concat([head, decipher.final()]).toString("utf8");
	} catch {
		throw new SealingError("the sealed text or its context was changed");
	}
}

function parseSealed(sealed: string) {
	const [head, keyId, ivText, bodyText, ...rest] = sealed.split(".");
	const iv = decodeCanonical(ivText);
	const body = decodeCanonical(bodyText);
	const isWhole = head === version && keyId !== undefined && rest.length === 0;
	if (!isWhole || iv?.length !== ivBytes) {
		throw new SealingError("not a sealed text of version v1");
	}
	if (body === null || body.length < tagBytes) {
		throw new SealingError("the sealed text is cut short");
	}
	return { keyId, iv, body };
}

function decodeCanonical(text: string | undefined): Buffer | null {
	if (text === undefined) return null;
	const bytes = Buffer.from(text, "base64url");
	return bytes.toString("base64url") === text ? bytes : null;
}

// AES-256 takes exactly 32 bytes while a keyring's keys may be longer, and a
// key that someone also uses elsewhere must not become the same AES key here.
function sealingKey(key: Buffer): Buffer {
	return Buffer.from(hkdfSync("sha256", key, "", "reelay:seal:v1", 32));
}

function associatedData(keyId: string, context: string): Buffer {
	return Buffer.from(`reelay:seal:${version}:${keyId}:${context}`, "utf8");
}
