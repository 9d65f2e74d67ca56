import { WebhookVerificationError } from "./webhook-error.ts";

/** The types of events that this version of the client knows. */
export const webhookEventTypes = [
	"video.queued",
	"video.rendering",
	"video.succeeded",
	"video.failed",
	"video.cancelled",
	"video.expired",
	"video.overdue",
	"video.surplus_result",
	"batch.finished",
	"webhook.ping",
] as const;
export type KnownWebhookEventType = (typeof webhookEventTypes)[number];

/** A known type, or one that a later Reelay sends: answer what you do not know with 2xx, and ignore it. */
export type WebhookEventType = KnownWebhookEventType | (string & {});

/** A fact that Reelay tells, after its signature was verified. */
export type WebhookEvent = {
	/** The `webhook-id`: the same on every attempt to deliver this event, so remember those that you acted on. */
	id: string;
	type: WebhookEventType;
	/** When it happened, in ISO 8601; an attempt to tell may come days later. */
	timestamp: string;
	/** The job as `GET /v1/jobs/{id}` shows it, for every type that starts with `video.`. */
	data: Record<string, unknown>;
};

/** Reads the verified bytes of a body. It reads bytes, so that what is returned is what was signed. */
export function parseEvent(id: string, body: Uint8Array): WebhookEvent {
	const { type, timestamp, data } = toRecord(parseJson(body)) ?? {};
	const record = toRecord(data);
	if (
		typeof type !== "string" ||
		typeof timestamp !== "string" ||
		record === null
	) {
		throw new WebhookVerificationError(
			"not_an_event",
			"The signature holds, but the body is not an object with type, timestamp and data: does somebody else sign with this secret?",
		);
	}
	return { id, type, timestamp, data: record };
}

function parseJson(body: Uint8Array): unknown {
	const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
	try {
		return JSON.parse(decoder.decode(body));
	} catch {
		throw new WebhookVerificationError(
			"body_not_json",
			"The signature holds, but the body is not JSON in UTF-8: does somebody else sign with this secret?",
		);
	}
}

function toRecord(value: unknown): Record<string, unknown> | null {
	const isRecord =
		typeof value === "object" && value !== null && !Array.isArray(value);
	return isRecord ? (value as Record<string, unknown>) : null;
}
