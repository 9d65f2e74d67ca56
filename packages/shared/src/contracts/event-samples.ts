import type { JsonObject } from "../domain/actions/action.ts";
import type { TalliedBatch } from "../domain/batch-record.ts";
import type { EventType } from "../domain/event.ts";
import { isFinal, type JobState } from "../domain/job.ts";
import type { JobRecord } from "../domain/job-record.ts";
import { presentBatch } from "./batch-view.ts";
import { presentJob } from "./job-view.ts";

const instant = "2026-01-01T12:00:00.000Z";
const minutesLater = "2026-01-01T12:03:20.000Z";

/** The `data` of a sample event: a job that never was, in the state that the type tells of, or what a ping says. */
export function sampleData(type: EventType, endpointId: string): JsonObject {
	if (type === "webhook.ping") {
		return {
			endpoint_id: endpointId,
			message: "This endpoint can be reached.",
		};
	}
	if (type === "batch.finished") {
		return JSON.parse(JSON.stringify(presentBatch(sampleBatch)));
	}
	const state = (
		type === "video.surplus_result" ? "failed" : type.slice("video.".length)
	) as JobState;
	// Through JSON, because that is how it is stored and sent.
	return JSON.parse(JSON.stringify(presentJob(sampleJob(state))));
}

/** A batch of two jobs, of which one has its video. */
export const sampleBatch: TalliedBatch = {
	id: "bat_00000000000000000000000000",
	tenant_id: "ten_00000000000000000000000000",
	metadata: {},
	webhook_url: null,
	size: 2,
	created_at: instant,
	finished_at: minutesLater,
	tally: [
		{ state: "succeeded", charged: "yes", count: 1, points: 120 },
		{ state: "failed", charged: "no", count: 1, points: null },
	],
};

/** A row of a job in a state, as a sample of it. */
export function sampleJob(state: JobState): JobRecord {
	const hasVideo = state === "succeeded";
	const hasError = state === "failed" || state === "expired";
	const wasSent = state !== "expired" && state !== "queued";
	return {
		id: "job_00000000000000000000000000",
		tenant_id: "ten_00000000000000000000000000",
		action: "see2ai_video_generation_kling_3_0_v1",
		mode: "text",
		input: { prompt: "A paper boat on a quiet lake", duration: "5" },
		warnings: [],
		idem_key: null,
		fingerprint: Buffer.alloc(0),
		external_id: null,
		metadata: { sample: "true" },
		tags: [],
		webhook_url: null,
		state,
		live: !isFinal(state),
		ready: state === "queued",
		priority: 1,
		not_before: instant,
		start_by: "2026-01-01T13:00:00.000Z",
		timeout_s: 1800,
		on_unknown: "hold",
		resubmitted: false,
		hinted_at: null,
		submission_seq: wasSent ? 1 : 0,
		submissions: wasSent ? 1 : 0,
		max_submissions: 3,
		settled_by: null,
		result: hasVideo ? sampleResult : null,
		error: hasError ? sampleError(state) : null,
		charged: hasVideo ? "yes" : isFinal(state) || !wasSent ? "no" : "possible",
		cost_points: hasVideo ? 120 : null,
		estimate_points: 120,
		surplus_results: 0,
		batch_id: null,
		retry_of: null,
		erased_at: null,
		cancel_requested_at: state === "cancelled" ? instant : null,
		created_at: instant,
		submitted_at: wasSent ? instant : null,
		updated_at: minutesLater,
		finished_at: isFinal(state) ? minutesLater : null,
	} as unknown as JobRecord;
}

const sampleResult = {
	state: "success",
	task_id: "sample",
	result_urls: ["https://example.com/sample.mp4"],
	model: "kling-3.0",
	source: null,
	cost_time_ms: 81_000,
	cost_points: 120,
	input_tokens: null,
	output_tokens: null,
	total_tokens: null,
	provider_config_id: null,
	received_at: minutesLater,
};

const sampleError = (state: string) => ({
	code: state === "expired" ? "start_deadline_passed" : "provider_failed",
	message: "This is a sample of a job that has no video.",
	retryable: true,
	provider: null,
});
