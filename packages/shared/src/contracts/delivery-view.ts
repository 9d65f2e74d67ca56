import { explainFailure } from "../domain/delivery-failure.ts";
import type {
	DeliveryRecord,
	EventRecord,
	LoggedAttempt,
} from "../domain/delivery-record.ts";
import { dataOf } from "./event.ts";

/** A delivery as the API shows it. */
export function presentDelivery(delivery: DeliveryRecord) {
	const self = `/v1/deliveries/${delivery.id}`;
	return {
		id: delivery.id,
		event_id: delivery.event_id,
		event_type: delivery.event_type,
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
export function presentAttempt(attempt: LoggedAttempt) {
	return {
		n: attempt.n,
		outcome: attempt.outcome === "retry" ? "failed" : attempt.outcome,
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
		phase,
		...explainFailure(failure, { status, ...(host === null ? {} : { host }) }),
		detail: error,
	};
}

/** An event as the feed and `GET /v1/events/{id}` show it: the body that is delivered, with its id. */
export function presentEvent(event: EventRecord) {
	return {
		id: event.id,
		type: event.type,
		timestamp: event.at.toISOString(),
		test: event.is_test,
		data: dataOf(event),
	};
}

function iso(instant: Date | null): string | null {
	return instant === null ? null : instant.toISOString();
}
