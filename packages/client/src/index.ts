// What `@reelay/client` promises to the outside. What is not named here may change without notice.
export type {
	Attempt,
	AuditEntry,
	AuditPage,
	Batch,
	BatchItem,
	BatchItemResult,
	BatchPage,
	BeginReplay,
	Budget,
	BudgetExcess,
	Callback,
	CallbackReplay,
	CallbackReplays,
	CancelledBatch,
	CancelledJob,
	CreateBatch,
	CreatedBatch,
	CreatedEndpoint,
	CreatedKey,
	CreatedSecret,
	CreatedTenant,
	CreateEndpoint,
	CreateJob,
	CreateKey,
	CreateTenant,
	Delivery,
	DeliveryPage,
	DeliveryWithAttempts,
	Endpoint,
	Event as ReelayEvent,
	EventFeed,
	EventType,
	EventWithDeliveries,
	Job,
	JobError,
	JobPage,
	JobPreview,
	JobResult,
	Key,
	KeyPage,
	Me,
	OperatorsCallback,
	OperatorsCallbackList,
	PatchEndpoint,
	PatchKey,
	PatchTenant,
	Problem,
	Readiness,
	Replay,
	ReplayCount,
	ResolveJob,
	RetryJob,
	RotateKey,
	RotateSecret,
	Secret,
	See2aiVideoGenerationKling30V1Input as JobInput,
	Submission,
	Tenant,
	TenantPage,
	TestEndpoint,
	Tested,
	TimelineEntry,
	Usage,
	UsageRow,
} from "./generated/api.ts";
export type { Paged } from "./paged.ts";
export { Reelay, type ReelayOptions } from "./reelay.ts";
export {
	type ClientErrorCode,
	clientErrorCodes,
	ReelayAbortedError,
	ReelayApiError,
	ReelayConnectionError,
	ReelayError,
	type ReelayErrorCode,
	type ReelayIssue,
	ReelayTimeoutError,
} from "./reelay-error.ts";
export type { ListCallbacks } from "./resources/callbacks.ts";
export type { ListDeliveries } from "./resources/endpoints.ts";
export type { ListEvents } from "./resources/events.ts";
export type {
	CreatedJob,
	CreateOptions,
	ListJobs,
} from "./resources/jobs.ts";
export type { ListAudit } from "./resources/keys.ts";
export type { BudgetName, UsageQuery } from "./resources/money.ts";
export {
	createWebhookSecret,
	type SignedWebhookHeaders,
	type SignWebhookInput,
	signWebhook,
} from "./sign-webhook.ts";
export type { FollowOptions } from "./transport/follow.ts";
export type { RequestOptions } from "./transport/transport.ts";
export {
	type VerifyWebhookInput,
	verifyWebhook,
} from "./verify-webhook.ts";
export { isFinal, type WaitOptions } from "./wait-for-job.ts";
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
