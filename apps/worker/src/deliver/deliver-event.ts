/**
 * One attempt of one delivery. Before the POST the attempt is counted and leased by the claim; during it nothing is
 * held but a socket; after it the outcome is written. A crash before our commit repeats the attempt with the same event
 * id once the lease is over, and a receiver that keeps ids ignores the repeat: at least once, never "exactly".
 */
import { eventBody } from "@reelay/shared/contracts/event";
import {
	type AttemptEnd,
	classifyAttempt,
	judgeEndpoint,
} from "@reelay/shared/domain/delivery";
import {
	classifyFailure,
	type FailureClass,
	isFinalFailure,
	isOurFailure,
} from "@reelay/shared/domain/delivery-failure";
import {
	decideDeliveryDelayMs,
	parseRetryAfter,
} from "@reelay/shared/domain/retry";
import type { Clock } from "@reelay/shared/runtime/clock";
import type { PostOnceResult } from "@reelay/shared/runtime/http-post";
import type { Logger } from "@reelay/shared/runtime/logger";
import type { Racepoint } from "@reelay/shared/runtime/racepoint";
import { signWebhook } from "@reelay/shared/signing/standard-webhooks";
import type { AttemptRecord } from "@reelay/shared/store/attempts";
import type { ClaimedDelivery } from "@reelay/shared/store/deliveries";
import type { SecretOwner } from "./secret-cache.ts";

export type DeliverEventDeps = {
	post: (request: {
		url: string;
		headers: Record<string, string>;
		body: Buffer;
	}) => Promise<PostOnceResult>;
	/** The secrets that are valid now. */
	secrets: (owner: SecretOwner) => Promise<string[]>;
	/** An endpoint's own headers; none when no key of ours opens them. */
	openHeaders: (
		sealed: string | null,
		endpointId: string | null,
	) => Record<string, string>;
	/** Whether what this address answers may be shown to the customer who chose the URL. */
	mayShow: (address: string | null) => boolean;
	record: (attempt: AttemptRecord) => Promise<string | null>;
	clock: Clock;
	random: () => number;
	logger: Logger;
	/** Nothing in production; where a test stops the process. */
	racepoint?: Racepoint | undefined;
};

/** Makes the attempt and writes down what came of it. Rejects only when the database cannot be reached. */
export async function deliverEvent(
	deps: DeliverEventDeps,
	delivery: ClaimedDelivery,
): Promise<void> {
	const subject = delivery.job_id ?? delivery.event_id;
	const startedAt = deps.clock.now();
	await deps.racepoint?.("delivery.claimed", subject);
	const result = await sendSigned(deps, delivery, startedAt);
	await deps.racepoint?.("delivery.answered", subject);
	const attempt = describeAttempt(deps, delivery, {
		result,
		startedAt,
		endedAt: deps.clock.now(),
	});
	const state = await deps.record(attempt);
	deps.logger.info(
		{
			delivery_id: delivery.id,
			event_id: delivery.event_id,
			job_id: delivery.job_id,
			endpoint_id: delivery.endpoint_id,
			tenant_id: delivery.tenant_id,
			attempt: attempt.n,
			outcome: attempt.outcome,
			state,
			status: attempt.status,
			class: attempt.class,
			error: attempt.error,
			duration_ms: attempt.durationMs,
			next_in_ms: attempt.nextInMs,
		},
		"delivery.attempted",
	);
}

/** The POST itself. Without a secret nothing is sent, for a receiver could not tell it from a forgery. */
async function sendSigned(
	deps: DeliverEventDeps,
	delivery: ClaimedDelivery,
	now: Date,
): Promise<PostOnceResult> {
	const { tenant_id: tenantId, endpoint_id: endpointId } = delivery;
	const secrets = await deps.secrets({ tenantId, endpointId });
	if (secrets.length === 0) {
		const message = "there is no webhook secret that ENCRYPTION_KEYS can open";
		return { kind: "unsent", code: "no_secret", message };
	}
	const body = Buffer.from(
		eventBody({
			type: delivery.event_type,
			at: delivery.event_at,
			job_id: delivery.job_id,
			snapshot: delivery.snapshot,
		}),
	);
	const signature = signWebhook({
		id: delivery.event_id,
		timestamp: Math.floor(now.getTime() / 1000),
		body,
		secrets,
	});
	return deps.post({
		url: delivery.url,
		headers: {
			...deps.openHeaders(delivery.sealed_headers, endpointId),
			"content-type": "application/json",
			"user-agent": "Reelay/0.1 (+webhooks)",
			...signature,
		},
		body,
	});
}

/** What is written down of an exchange: what it means for the delivery, and what it says about the endpoint. */
function describeAttempt(
	deps: Pick<DeliverEventDeps, "random" | "mayShow">,
	delivery: ClaimedDelivery,
	exchange: { result: PostOnceResult; startedAt: Date; endedAt: Date },
): AttemptRecord {
	const { result, startedAt, endedAt } = exchange;
	const isAnswered = result.kind === "answered";
	const phase = result.phase ?? null;
	const failure = classifyFailure({
		status: isAnswered ? result.status : null,
		code: isAnswered ? null : result.code,
		phase,
	});
	const end = readEnd(result, failure, endedAt);
	const outcome = classifyAttempt(end);
	return {
		deliveryId: delivery.id,
		owner: delivery.owner,
		n: delivery.attempt,
		outcome,
		verdict: isOurFailure(failure) ? "none" : judgeEndpoint(end),
		url: delivery.url,
		status: isAnswered ? result.status : null,
		class: outcome === "delivered" ? null : failure,
		phase,
		error: isAnswered ? null : `${result.code}: ${result.message}`,
		// What a machine inside a network says is not for whoever can name its URL.
		excerpt:
			isAnswered && deps.mayShow(result.address ?? null)
				? excerpt(result.text)
				: null,
		timings: { ...result.phases },
		durationMs: endedAt.getTime() - startedAt.getTime(),
		nextInMs:
			outcome === "retry"
				? decideDeliveryDelayMs({
						attempt: delivery.step,
						retryAfterMs: end.kind === "answered" ? end.retryAfterMs : null,
						random: deps.random(),
						scheduleS: delivery.schedule_s,
					})
				: null,
	};
}

function readEnd(
	result: PostOnceResult,
	failure: FailureClass,
	now: Date,
): AttemptEnd {
	if (result.kind !== "answered") {
		return { kind: isFinalFailure(failure) ? "refused" : "failed" };
	}
	const retryAfter = result.headers["retry-after"] ?? null;
	return {
		kind: "answered",
		status: result.status,
		retryAfterMs: parseRetryAfter(retryAfter, now),
		instruction: result.headers["webhook-delivery"] ?? null,
	};
}

/** What is kept of a receiver's answer. */
function excerpt(text: string): string {
	return text.slice(0, 500);
}
