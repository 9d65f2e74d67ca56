import { z } from "zod";
import { type AttemptPhase, attemptPhases } from "../domain/attempt-phase.ts";
import { explainFailure, failureClasses } from "../domain/delivery-failure.ts";
import {
	type DeliveryRecord,
	deliveryStates,
	type EventRecord,
	type LoggedAttempt,
} from "../domain/delivery-record.ts";
import { eventTypes } from "../domain/event.ts";
import { dataOf } from "./event.ts";
import type { FeedEventView } from "./event-catalogue.ts";
import { idSchema, instant } from "./ids.ts";

/** A delivery: one event owed to one URL. */
export const deliverySchema = z
	.strictObject({
		id: idSchema("delivery"),
		event_id: idSchema("event"),
		event_type: z.enum(eventTypes),
		job_id: idSchema("job").nullable(),
		endpoint_id: idSchema("endpoint").nullable().meta({
			description: "Null when it goes to the webhook_url of a job.",
		}),
		url: z.string(),
		state: z.enum([...deliveryStates, "sending"]).meta({
			description:
				"held waits for its endpoint to be enabled; delivered, exhausted and aborted are its ends.",
		}),
		attempts: z.int(),
		next_attempt_at: instant.nullable(),
		last_status: z.int().nullable(),
		created_at: instant,
		finished_at: instant.nullable(),
		links: z.strictObject({
			self: z.string(),
			event: z.string(),
			redeliver: z.string(),
		}),
	})
	.meta({ id: "Delivery" });
export type DeliveryView = z.infer<typeof deliverySchema>;

/** One attempt of a delivery. */
export const attemptSchema = z
	.strictObject({
		n: z.int().meta({ description: "Counted from 1." }),
		outcome: z.enum(["delivered", "failed", "aborted"]),
		url: z.string().nullable(),
		status: z.int().nullable(),
		failure: z
			.strictObject({
				code: z.enum(failureClasses),
				phase: z.enum(attemptPhases).nullable().meta({
					description: "How far the request had come.",
				}),
				reason: z.string(),
				fix: z.string(),
				detail: z.string().nullable(),
			})
			.nullable(),
		response_excerpt: z.string().nullable(),
		timings_ms: z.record(z.string(), z.number().nullable()).nullable().meta({
			description: "Each phase; null is one that was not reached.",
		}),
		duration_ms: z.int(),
		at: instant,
		next_attempt_at: instant.nullable(),
	})
	.meta({ id: "Attempt" });
export type AttemptView = z.infer<typeof attemptSchema>;

/** A delivery with every attempt of it. */
export const deliveryWithAttemptsSchema = deliverySchema
	.extend({ attempt_log: z.array(attemptSchema) })
	.meta({ id: "DeliveryWithAttempts" });

/** What became of a test: the attempt is null where no worker made it in time. */
export const testedSchema = z
	.strictObject({
		delivery: deliverySchema,
		attempt: attemptSchema.nullable(),
	})
	.meta({ id: "Tested" });

/** A delivery as the API shows it. */
export function presentDelivery(delivery: DeliveryRecord): DeliveryView {
	const self = `/v1/deliveries/${delivery.id}`;
	return {
		id: delivery.id,
		event_id: delivery.event_id,
		event_type: delivery.event_type as DeliveryView["event_type"],
		job_id: delivery.job_id,
		endpoint_id: delivery.endpoint_id,
		url: delivery.url,
		state: delivery.is_under_way ? ("sending" as const) : delivery.state,
		attempts: delivery.attempts,
		next_attempt_at: delivery.is_under_way ? null : iso(delivery.due_at),
		last_status: delivery.last_status,
		created_at: delivery.created_at.toISOString(),
		finished_at: iso(delivery.finished_at),
		links: {
			self,
			event: `/v1/events/${delivery.event_id}`,
			redeliver: `${self}/redeliver`,
		},
	};
}

/** One attempt: what was sent where, what came back and how fast, and, if it failed, why, and what its owner can do. */
export function presentAttempt(attempt: LoggedAttempt): AttemptView {
	return {
		n: attempt.n,
		outcome:
			attempt.outcome === "retry"
				? "failed"
				: (attempt.outcome as AttemptView["outcome"]),
		url: attempt.url,
		status: attempt.status,
		failure: presentFailure(attempt),
		response_excerpt: attempt.excerpt,
		timings_ms: attempt.timings,
		duration_ms: attempt.duration_ms,
		at: attempt.at.toISOString(),
		next_attempt_at: iso(attempt.next_at),
	};
}

function presentFailure(attempt: LoggedAttempt) {
	const { class: failure, phase, status, error, url } = attempt;
	if (failure === null) return null;
	const host = url !== null && URL.canParse(url) ? new URL(url).host : null;
	return {
		code: failure,
		phase: phase as AttemptPhase | null,
		...explainFailure(failure, { status, ...(host === null ? {} : { host }) }),
		detail: error,
	};
}

/** An event as the feed and `GET /v1/events/{id}` show it: the body that is delivered, with its id. */
export function presentEvent(event: EventRecord): FeedEventView {
	return {
		id: event.id,
		type: event.type as FeedEventView["type"],
		timestamp: event.at.toISOString(),
		test: event.is_test,
		data: dataOf(event) as FeedEventView["data"],
	};
}

function iso(instant: Date | null): string | null {
	return instant === null ? null : instant.toISOString();
}
