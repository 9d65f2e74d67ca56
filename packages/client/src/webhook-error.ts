/** Why a webhook is refused, one word for each cause. The words are stable; the messages are not. */
export const webhookErrorCodes = [
	"bad_secret",
	"raw_body_required",
	"missing_header",
	"bad_id",
	"bad_timestamp",
	"too_old",
	"too_new",
	"malformed_signature",
	"no_match",
	"body_not_json",
	"not_an_event",
] as const;
export type WebhookErrorCode = (typeof webhookErrorCodes)[number];

/**
 * A webhook that must not be acted upon: answer it with 400. `code` says why, and `message` what to change; neither
 * holds the secret or anything that the sender does not know already.
 */
export class WebhookVerificationError extends Error {
	override readonly name = "WebhookVerificationError";
	readonly code: WebhookErrorCode;

	constructor(code: WebhookErrorCode, message: string) {
		super(message);
		this.code = code;
	}
}
