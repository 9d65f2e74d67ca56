import { signWebhook } from "@reelay/shared/signing/standard-webhooks";
import type { VerifyWebhookInput } from "../verify-webhook.ts";
import {
	type WebhookErrorCode,
	WebhookVerificationError,
} from "../webhook-error.ts";

export const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
export const otherSecret = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
/** The instant of every attempt that `signedWebhook` makes, in unix seconds. */
export const sentAt = 1_700_000_000;
export const event = {
	type: "video.succeeded",
	timestamp: "2023-11-14T22:13:20.000Z",
	data: { id: "job_1", state: "succeeded", note: "große 🎬" },
};

type Attempt = {
	id?: string;
	timestamp?: number;
	body?: string | Buffer;
	secrets?: string[];
};

/** What Reelay sends, as the input that verifies it at the instant when it was sent. */
export function signedWebhook(attempt: Attempt = {}) {
	const { body = JSON.stringify(event), secrets = [secret] } = attempt;
	const { id = "evt_1", timestamp = sentAt } = attempt;
	const headers = { ...signWebhook({ id, timestamp, body, secrets }) };
	return { body, headers, secret, now: new Date(timestamp * 1000) };
}

/** The refusal of what an untyped caller may pass, or null where it verifies. */
export function refusalOf(
	verify: (input: VerifyWebhookInput) => unknown,
	input: unknown,
): { code: WebhookErrorCode; message: string } | null {
	try {
		verify(input as VerifyWebhookInput);
		return null;
	} catch (error) {
		if (!(error instanceof WebhookVerificationError)) throw error;
		return error;
	}
}
