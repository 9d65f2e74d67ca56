import { createHmac, timingSafeEqual, verify } from "node:crypto";
import type { VerificationKey } from "./secrets.ts";
import { decodeBase64 } from "./strict-base64.ts";
import { WebhookVerificationError } from "./webhook-error.ts";

export type Signature = { version: "v1" | "v1a"; bytes: Buffer };

const signatureBytes = { v1: 32, v1a: 64 } as const;
// A sender has a handful of valid secrets. Without a bound, a stranger's header would cost us hundreds of ed25519
// verifications.
const maxSignatures = 16;

/**
 * Reads the list of signatures. Those of versions that are not known yet are passed over; one that is malformed
 * refuses the list, because no sender makes it and a proxy that joins two headers does.
 */
export function parseSignatures(header: string): Signature[] {
	const entries = header.split(" ");
	if (entries.length > maxSignatures) {
		throw malformed(`has more than ${maxSignatures} signatures`);
	}
	const signatures = entries.map(parseSignature).filter((one) => one !== null);
	if (signatures.length === 0) {
		throw malformed("has no signature of the version v1 or v1a");
	}
	return signatures;
}

function parseSignature(entry: string): Signature | null {
	const [version = "", text = "", ...rest] = entry.split(",");
	if (version === "" || text === "" || rest.length > 0) {
		throw malformed("is not a list of version,signature divided by one space");
	}
	if (version !== "v1" && version !== "v1a") return null;
	const bytes = decodeBase64(text);
	if (bytes?.length !== signatureBytes[version]) {
		throw malformed(
			`has a ${version} signature that is not ${signatureBytes[version]} bytes in base64`,
		);
	}
	return { version, bytes };
}

function malformed(flaw: string) {
	return new WebhookVerificationError(
		"malformed_signature",
		`The header webhook-signature ${flaw}: pass it as it came in, and look whether a proxy rewrites it.`,
	);
}

/** Tells whether any of the signatures of this text is by any of the keys. */
export function isSignedByAny(
	signed: Buffer,
	signatures: readonly Signature[],
	keys: readonly VerificationKey[],
): boolean {
	return keys.some((key) => {
		const isBy = createCheck(signed, key);
		return signatures.some(
			({ version, bytes }) => version === key.version && isBy(bytes),
		);
	});
}

// Parsing has made the lengths equal, so the comparison takes the same time wherever the first wrong byte is.
function createCheck(signed: Buffer, key: VerificationKey) {
	if (key.version === "v1a") {
		return (bytes: Buffer) => verify(null, signed, key.publicKey, bytes);
	}
	const expected = createHmac("sha256", key.secret).update(signed).digest();
	return (bytes: Buffer) => timingSafeEqual(bytes, expected);
}
