import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { readSecrets } from "./secrets.ts";

export type SignWebhookInput = {
	/** The bytes that are sent. */
	body: string | Uint8Array;
	/** A `whsec_` secret. */
	secret: string;
	/** The `webhook-id`; one is made if it is left out. */
	id?: string | undefined;
	/** The instant of sending, as a Date or in milliseconds; the present if left out. */
	now?: Date | number | undefined;
};

/** The headers that Reelay signs a webhook with. */
export type SignedWebhookHeaders = {
	"webhook-id": string;
	"webhook-timestamp": string;
	"webhook-signature": string;
};

const secretBytes = 32;

/** A new secret, for tests and for what you send to yourself. */
export function createWebhookSecret(): string {
	return `whsec_${randomBytes(secretBytes).toString("base64")}`;
}

/**
 * Signs a webhook as Reelay does, so that your tests can send what `verifyWebhook` takes. Throws a
 * WebhookVerificationError with the code `bad_secret` for what is no `whsec_` secret.
 */
export function signWebhook(input: SignWebhookInput): SignedWebhookHeaders {
	const { id = `evt_${randomUUID()}`, now = Date.now(), body } = input;
	if (!/^[!-+\-/-~]+$/.test(id)) {
		throw new RangeError("id must be visible ASCII, without dots and commas");
	}
	const [key] = readSecrets(input.secret);
	if (key?.version !== "v1") {
		throw new RangeError("secret must be a whsec_ secret");
	}
	const timestamp = String(Math.floor(Number(now) / 1000));
	const signature = createHmac("sha256", key.secret)
		.update(`${id}.${timestamp}.`)
		.update(body)
		.digest("base64");
	return {
		"webhook-id": id,
		"webhook-timestamp": timestamp,
		"webhook-signature": `v1,${signature}`,
	};
}
