/** What is heard of a submission, as the store takes it: outputs, errors, callbacks and reports of the end. */
import { createHash } from "node:crypto";
import type { JobError } from "../domain/job-record.ts";
import type { ProviderOutput } from "../domain/provider-answer.ts";
import type { AttemptRecord } from "../store/attempts.ts";
import type { ClaimedDelivery } from "../store/deliveries.ts";
import type { ReceivedCallback, Settlement } from "../store/settle.ts";

/** What a success says; the task id is null unless given, so that it contradicts nothing. */
export function anOutput(
	overrides: Partial<ProviderOutput> = {},
): ProviderOutput {
	return {
		task_id: null,
		state: "success",
		result_urls: ["https://cdn.example.com/video.mp4"],
		cost_points: 120,
		cost_time_ms: 81_000,
		model: "kling-3.0",
		source: null,
		input_tokens: null,
		output_tokens: null,
		total_tokens: null,
		provider_config_id: null,
		...overrides,
	};
}

/** A job's error with the given code. */
export function anError(code: JobError["code"] = "provider_failed"): JobError {
	return { code, message: "It did not work.", retryable: true, provider: null };
}

/** A callback as the receiver hands it to the store. */
export function aReceivedCallback(
	kind: string,
	body = `{"kind":"${kind}"}`,
): ReceivedCallback {
	return { bodySha: createHash("sha256").update(body).digest(), body, kind };
}

/** A report of success, as the answer to the POST unless a callback is given. */
export function aSuccess(
	submissionId: string,
	overrides: Partial<Settlement> = {},
): Settlement {
	return {
		submissionId,
		verb: "succeed",
		output: anOutput(),
		error: null,
		charged: "yes",
		httpStatus: null,
		callback: null,
		...overrides,
	};
}

/** A report of failure, as the answer to the POST unless a callback is given. */
export function aFailure(
	submissionId: string,
	overrides: Partial<Settlement> = {},
): Settlement {
	return {
		...aSuccess(submissionId),
		verb: "fail",
		output: anOutput({ state: "fail", result_urls: [], cost_points: null }),
		error: anError(),
		charged: "no",
		...overrides,
	};
}

/** A failed attempt of a claimed delivery, to be tried again in five seconds. */
export function anAttempt(
	delivery: Pick<ClaimedDelivery, "id" | "owner" | "attempt" | "url">,
	overrides: Partial<AttemptRecord> = {},
): AttemptRecord {
	const outcome = overrides.outcome ?? "retry";
	return {
		deliveryId: delivery.id,
		owner: delivery.owner,
		n: delivery.attempt,
		outcome,
		verdict: outcome === "delivered" ? "healthy" : "failing",
		url: delivery.url,
		status: 503,
		class: outcome === "delivered" ? null : "http_5xx",
		phase: null,
		error: null,
		excerpt: "busy",
		timings: {},
		durationMs: 12,
		nextInMs: 5_000,
		...overrides,
	};
}
