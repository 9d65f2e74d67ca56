/** What the examples of the documents answer with, made by the same functions as real answers. */
import type { BudgetPeriod } from "../domain/budget.ts";
import type { CallbackRecord } from "../domain/callback-record.ts";
import type { EndpointRecord } from "../domain/endpoint-record.ts";
import type { JobState } from "../domain/job.ts";
import type { ReplayRecord } from "../domain/replay.ts";
import { type BatchView, presentBatch } from "./batch-view.ts";
import { presentBudget } from "./budget-view.ts";
import {
	presentCallback,
	presentOperatorsCallback,
	presentReplayed,
} from "./callback-view.ts";
import { presentAttempt, presentDelivery } from "./delivery-view.ts";
import { presentEndpoint } from "./endpoint-view.ts";
import { sampleBatch, sampleJob } from "./event-samples.ts";
import { exampleIds } from "./ids.ts";
import { type JobView, presentJob } from "./job-view.ts";
import { presentReplay } from "./replay-view.ts";
import { presentSubmission } from "./submission-view.ts";

const at = new Date("2026-01-01T12:00:00.000Z");
const later = new Date("2026-01-01T12:03:20.000Z");

/** A job in a state. */
export function exampleJob(state: JobState): JobView {
	const job = { ...sampleJob(state), id: exampleIds.job, metadata: {} };
	return JSON.parse(JSON.stringify(presentJob(job)));
}

/** A batch of two jobs. */
export function exampleBatch(state: "running" | "finished"): BatchView {
	const batch = { ...sampleBatch, id: exampleIds.batch };
	return presentBatch(
		state === "finished"
			? batch
			: {
					...batch,
					finished_at: null,
					tally: [{ state: "queued", charged: "no", count: 2, points: null }],
				},
	);
}

const endpointRecord: EndpointRecord = {
	id: exampleIds.endpoint,
	tenant_id: exampleIds.tenant,
	url: "https://example.com/reelay",
	description: "Orders",
	events: ["video.*"],
	sealed_headers: null,
	schedule_s: null,
	rate_per_s: null,
	concurrency: 3,
	ordered: false,
	disabled_at: null,
	disabled_reason: null,
	failing_since: null,
	failure_streak: 0,
	warned_at: null,
	probe_at: null,
	created_at: at,
	updated_at: at,
};

/** An endpoint that works. */
export const exampleEndpoint = presentEndpoint(endpointRecord, []);

/** A shared secret as it is shown once; the value is the one of the Standard Webhooks specification. */
export const exampleSecretValue = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** A secret as it is listed. */
export const exampleSecret = {
	id: exampleIds.secret,
	kind: "hmac" as const,
	public_key: null,
	created_at: at.toISOString(),
	expires_at: null,
};

const deliveryRecord = {
	id: exampleIds.delivery,
	event_id: exampleIds.event,
	event_type: "video.succeeded",
	job_id: exampleIds.job,
	endpoint_id: exampleIds.endpoint,
	url: endpointRecord.url,
	state: "delivered" as const,
	attempts: 1,
	due_at: null,
	is_under_way: false,
	last_status: 204,
	last_error: null,
	created_at: later,
	finished_at: later,
};

/** A delivery that arrived at once, and its attempt. */
export const exampleDelivery = presentDelivery(deliveryRecord);
export const exampleAttempt = presentAttempt({
	n: 1,
	outcome: "delivered",
	status: 204,
	class: null,
	phase: null,
	error: null,
	excerpt: null,
	url: endpointRecord.url,
	timings: {
		dnsMs: 1.2,
		connectMs: 8.4,
		tlsMs: 14.9,
		firstByteMs: 31.5,
		totalMs: 57.3,
	},
	duration_ms: 57,
	next_at: null,
	at: later,
});

/** The same delivery, due once more. */
export const exampleRedelivery = presentDelivery({
	...deliveryRecord,
	state: "pending",
	due_at: later,
	finished_at: null,
});

const replayRecord: ReplayRecord = {
	id: exampleIds.replay,
	endpoint_id: exampleIds.endpoint,
	types: ["video.succeeded", "video.failed"],
	states: ["exhausted", "aborted", "held", "missing"],
	since: at,
	until: later,
	state: "running",
	total: 1,
	sent: 0,
	created_at: later,
	finished_at: null,
};

/** A replay in a state. */
export const exampleReplay = (state: ReplayRecord["state"]) =>
	presentReplay({
		...replayRecord,
		state,
		finished_at: state === "cancelled" ? later : null,
	});

/** The instant from which examples replay; a test puts a recent one in its place. */
export const exampleSince = at.toISOString();

/** What a provider says when a video is there. */
const successBody = JSON.stringify({
	task_id: "task-1",
	state: "success",
	result_urls: ["https://cdn.example.com/video.mp4"],
	cost_points: 70,
});

const callbackRecord: CallbackRecord = {
	id: 9_999_999n,
	submission_id: exampleIds.submission,
	job_id: exampleIds.job,
	tenant_id: exampleIds.tenant,
	job_state: "succeeded",
	is_cancel_requested: false,
	submission_state: "succeeded",
	provider_task_id: "task-1",
	kind: "succeeded",
	outcome: "settled",
	reason: null,
	body: successBody,
	body_sha: new Uint8Array(),
	received_at: later,
	released_at: null,
};
const setAsideRecord: CallbackRecord = {
	...callbackRecord,
	job_state: "rendering",
	submission_state: "accepted",
	kind: "unreadable",
	outcome: "quarantined",
	reason: "the state is unknown",
};

/** A callback that ended its job. */
export const exampleCallback = presentCallback(callbackRecord);

/** One that nobody has understood yet. */
export const exampleSetAside = presentOperatorsCallback(setAsideRecord, later);

/** The same, read again. */
export const exampleReplayed = presentReplayed({
	callback: setAsideRecord,
	kind: "succeeded",
	outcome: "settled",
	reason: null,
	job_state: "succeeded",
	isApplied: true,
});

/** A budget of 2,000 points, of which some are gone. */
export const exampleBudget = (keyId: string | null, period: BudgetPeriod) =>
	presentBudget({
		key_id: keyId,
		period,
		limit_points: 2_000,
		used_points: 350,
		reserved_points: 70,
		starts_at: "2026-01-01T00:00:00.000Z",
		created_at: at,
		updated_at: at,
	});

/** The submission of a job that succeeded. */
export const exampleSubmission = presentSubmission({
	id: exampleIds.submission,
	n: 1,
	state: "succeeded",
	provider_task_id: "task-1",
	http_status: 200,
	charged: "yes",
	output: null,
	error: null,
	intent_at: at,
	answered_at: later,
	callback_due_at: new Date("2026-01-01T12:30:00.000Z"),
	overdue_at: null,
	settled_at: later,
});
