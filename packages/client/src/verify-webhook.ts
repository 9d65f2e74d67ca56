import { readRawBody } from "./raw-body.ts";
import { readSecrets, type VerificationKey } from "./secrets.ts";
import {
	isSignedByAny,
	parseSignatures,
	type Signature,
} from "./signatures.ts";
import { WebhookVerificationError } from "./webhook-error.ts";
import { parseEvent, type WebhookEvent } from "./webhook-event.ts";
import {
	readSignedHeaders,
	type SignedHeaders,
	type WebhookHeaders,
} from "./webhook-headers.ts";

export type VerifyWebhookInput = {
	/** The raw body, as it came in; what a framework has parsed is refused. */
	body: string | Uint8Array | ArrayBuffer;
	headers: WebhookHeaders;
	/** A `whsec_` secret or a `whpk_` public key; during a rotation all that are valid. */
	secret: string | readonly string[];
	/** How many seconds old, or ahead of this clock, an attempt may be; 300 if left out. */
	toleranceS?: number | undefined;
	/** The instant to judge by, as a Date or in milliseconds like `Date.now()`; the present if left out. */
	now?: Date | number | undefined;
};

const defaultToleranceS = 300;

/**
 * Verifies a webhook by the Standard Webhooks specification (`v1` and `v1a`) and returns its event. One signature by
 * one of the secrets suffices. Throws a WebhookVerificationError, whose `code` says why and whose message says what
 * to change, and a RangeError for a tolerance or an instant that is no number. It remembers nothing: a repeat within
 * the tolerance verifies again, so the caller remembers the ids that it acted on.
 */
export function verifyWebhook(input: VerifyWebhookInput): WebhookEvent {
	const { toleranceS = defaultToleranceS, now = Date.now() } = input;
	const keys = readSecrets(input.secret);
	const body = readRawBody(input.body);
	const headers = readSignedHeaders(input.headers);
	checkAge(headers.timestamp, { toleranceS, nowMs: Number(now) });
	const signatures = parseSignatures(headers.signature);
	if (!isSignedByAny(signedBytes(headers, body), signatures, keys)) {
		throw noMatch(signatures, keys);
	}
	return parseEvent(headers.id, body);
}

function signedBytes({ id, timestamp }: SignedHeaders, body: Buffer): Buffer {
	return Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
}

function checkAge(
	timestamp: string,
	{ toleranceS, nowMs }: { toleranceS: number; nowMs: number },
) {
	// Every comparison with NaN is false: it would let any age pass.
	if (!Number.isFinite(toleranceS) || toleranceS < 0) {
		throw new RangeError("toleranceS must be a number of seconds, 0 or more");
	}
	if (!Number.isFinite(nowMs)) {
		throw new RangeError("now must be a valid Date or milliseconds");
	}
	const ageS = Math.floor(nowMs / 1000) - Number(timestamp);
	if (ageS > toleranceS) {
		throw new WebhookVerificationError(
			"too_old",
			`The webhook was sent ${ageS} s ago, and ${toleranceS} s are allowed: verify it when it arrives and before any queue, and set this machine's clock by NTP.`,
		);
	}
	if (-ageS > toleranceS) {
		throw new WebhookVerificationError(
			"too_new",
			`The webhook was sent ${-ageS} s in the future, and ${toleranceS} s are allowed: set this machine's clock by NTP.`,
		);
	}
}

function noMatch(
	signatures: readonly Signature[],
	keys: readonly VerificationKey[],
) {
	const isComparable = signatures.some(({ version }) =>
		keys.some((key) => key.version === version),
	);
	const hint = isComparable
		? "Either the secret is another endpoint's or was rotated (pass the old and the new one), or the body is not byte for byte the one that came in (a parsed body that was written as JSON again is not)."
		: "It has signatures of one kind only, and the secret is of the other: a whsec_ secret verifies v1, a whpk_ key verifies v1a.";
	return new WebhookVerificationError(
		"no_match",
		`No signature of the webhook is by this secret. ${hint}`,
	);
}
