// What `@reelay/client` promises to the outside. What is not named here may change without notice.
export {
	type VerifyWebhookInput,
	verifyWebhook,
} from "./verify-webhook.ts";
export {
	type WebhookErrorCode,
	WebhookVerificationError,
	webhookErrorCodes,
} from "./webhook-error.ts";
export {
	type KnownWebhookEventType,
	type WebhookEvent,
	type WebhookEventType,
	webhookEventTypes,
} from "./webhook-event.ts";
export type { WebhookHeaders } from "./webhook-headers.ts";
