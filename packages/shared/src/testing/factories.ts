/**
 * Rows as the store would have left them. A job in a state also gets what that state implies: its submission with lease,
 * its timeline, and for a final one its event and delivery, so that the auditor finds nothing wrong. They are written by
 * plain inserts, independent of the statements under test; instants are given relative to the database's now.
 */
import { randomUUID } from "node:crypto";
import { Prisma } from "@reelay/prisma/client";
import type { EndpointRecord } from "../domain/endpoint-record.ts";
import { defaultEventFilters } from "../domain/event.ts";
import type { Charge, JobState, UnknownPolicy } from "../domain/job.ts";
import type { JobRecord } from "../domain/job-record.ts";
import type { SubmissionState } from "../domain/submission.ts";
import type { NewBatch, NewJob } from "../store/accept.ts";
import {
	insertEndpoint,
	type NewEndpoint,
	newEndpointId,
} from "../store/endpoints.ts";
import { laneOf } from "../store/lanes.ts";
import { jsonb } from "../store/sql.ts";
import { anError, anOutput } from "./reports.ts";
import type { TestStore } from "./store.ts";
import { insertTimeline } from "./timeline-rows.ts";

/** A job to be inserted by the store itself. */
export function aNewJob(
	store: Pick<TestStore, "tenantId">,
	overrides: Partial<NewJob> = {},
): NewJob {
	return {
		tenantId: store.tenantId,
		action: "see2ai_video_generation_kling_3_0_v1",
		mode: "text",
		input: { prompt: "a lighthouse at dawn", duration: "5" },
		warnings: [],
		idempotencyKey: null,
		fingerprint: Buffer.alloc(32, 7),
		externalId: null,
		metadata: {},
		tags: [],
		webhookUrl: null,
		priority: 1,
		runAt: null,
		startWithinS: 3600,
		timeoutS: 1800,
		onUnknown: "hold",
		maxSubmissions: 3,
		keyId: null,
		price: null,
		...overrides,
	};
}

/** A batch to be inserted by the store itself. */
export function aNewBatch(
	{ tenantId }: Pick<TestStore, "tenantId">,
	overrides: Partial<NewBatch> = {},
): NewBatch {
	return {
		tenantId,
		idempotencyKey: null,
		fingerprint: Buffer.alloc(32),
		metadata: {},
		webhookUrl: null,
		...overrides,
	};
}

export type JobSpec = {
	state?: JobState;
	/** The state of its submission, where the job's state allows several; null where it allows none. */
	submission?: SubmissionState | null;
	tenantId?: string;
	idempotencyKey?: string;
	externalId?: string;
	webhookUrl?: string;
	priority?: number;
	maxSubmissions?: number;
	cancelRequested?: boolean;
	onUnknown?: UnknownPolicy;
	/** Its policy has sent it again before. */
	resubmitted?: boolean;
	workerId?: string;
	taskId?: string;
	/** Seconds since it was created. */
	ageS?: number;
	notBeforeInS?: number;
	/** As the statements write it, unless said: whether its time lies ahead. */
	isScheduled?: boolean;
	startByInS?: number;
	leaseInS?: number;
	callbackDueInS?: number;
	/** Seconds since it was rung for; never, when absent. */
	hintedAgoS?: number;
};

export type TestJob = JobRecord & { submission_id: string | null };

const impliedSubmission: Record<JobState, SubmissionState | null> = {
	queued: null,
	submitting: "intent",
	rendering: "accepted",
	unknown: "unknown",
	overdue: "accepted",
	succeeded: "succeeded",
	failed: "failed",
	cancelled: null,
	expired: null,
};

/** A job in the given state with all that belongs to it; queued when nothing is said. */
export async function aJob(
	store: TestStore,
	spec: JobSpec = {},
): Promise<TestJob> {
	const state = spec.state ?? "queued";
	const submission =
		spec.submission === undefined ? impliedSubmission[state] : spec.submission;
	const id = await insertJobRow(store, { ...spec, state, submission });
	const submissionId =
		submission === null
			? null
			: await aSubmission(store, id, {
					...spec,
					state: submission,
					isOverdue: state === "overdue" || submission === "lapsed",
				});
	await insertTimeline(store, { id, state, submission, submissionId });
	await settleJobRow(store, { id, submissionId });
	const [job] = await store.db.$queryRaw<JobRecord[]>`
		select * from job where id = ${id}`;
	if (job === undefined) throw new Error("the job was not written");
	return { ...job, submission_id: submissionId };
}

type FullSpec = JobSpec & {
	state: JobState;
	submission: SubmissionState | null;
};

const chargeOf = (submission: SubmissionState | null): Charge =>
	submission === "succeeded"
		? "yes"
		: submission === null || ["failed", "rejected"].includes(submission)
			? "no"
			: "possible";

async function insertJobRow(store: TestStore, spec: FullSpec): Promise<string> {
	const { state, submission } = spec;
	const isFinal = ["succeeded", "failed", "cancelled", "expired"].includes(
		state,
	);
	const hasError = state === "failed" || state === "expired";
	const result =
		submission === "succeeded"
			? { ...anOutput(), received_at: new Date().toISOString() }
			: null;
	// A rejection that sent the job back gave its place in the budget back too.
	const spent =
		submission === null || (submission === "rejected" && state === "queued")
			? 0
			: 1;
	const rows = await store.db.$queryRaw<{ id: string }[]>`
		insert into job (id, tenant_id, action, mode, input, fingerprint, idem_key, external_id, webhook_url, priority,
			state, live, ready, not_before, scheduled, start_by, timeout_s, hinted_at, submission_seq, submissions, max_submissions,
			result, error, charged, cost_points, cancel_requested_at, created_at, submitted_at, finished_at,
			on_unknown, resubmitted)
		values (new_id('job'), ${spec.tenantId ?? store.tenantId}, 'see2ai_video_generation_kling_3_0_v1', 'text',
			'{"prompt": "a lighthouse at dawn", "duration": "5"}', decode(repeat('07', 32), 'hex'),
			${spec.idempotencyKey ?? null}, ${spec.externalId ?? null}, ${spec.webhookUrl ?? null},
			${spec.priority ?? 1}::smallint, ${state}, ${!isFinal}, ${state === "queued"},
			now() + make_interval(secs => ${spec.notBeforeInS ?? 0}::float8),
			${spec.isScheduled ?? (state === "queued" && (spec.notBeforeInS ?? 0) > 0)},
			now() + make_interval(secs => ${spec.startByInS ?? 3600}::float8), 1800,
			now() - make_interval(secs => ${spec.hintedAgoS ?? null}::float8),
			${submission === null ? 0 : 1}::int, ${spent}::smallint, ${spec.maxSubmissions ?? 3}::smallint,
			${jsonb(result)}, ${jsonb(hasError ? anError() : null)}, ${chargeOf(submission)},
			${submission === "succeeded" ? 120 : null}::int,
			case when ${spec.cancelRequested === true || state === "cancelled"} then now() end,
			now() - make_interval(secs => ${spec.ageS ?? 0}::float8),
			case when ${submission !== null} then now() end, case when ${isFinal} then now() end,
			${spec.onUnknown ?? "hold"}, ${spec.resubmitted ?? false})
		returning id`;
	return onlyId(rows);
}

export type SubmissionSpec = Pick<
	JobSpec,
	"workerId" | "taskId" | "leaseInS" | "callbackDueInS"
> & { state: SubmissionState; isOverdue?: boolean };

/** One submission of a job, the next in number after those there are. */
export async function aSubmission(
	store: TestStore,
	jobId: string,
	spec: SubmissionSpec,
): Promise<string> {
	const { state, isOverdue = false } = spec;
	const isLive = ["intent", "accepted", "unknown"].includes(state);
	const output = state === "succeeded" ? anOutput() : null;
	const rows = await store.db.$queryRaw<{ id: string }[]>`
		insert into submission (id, job_id, n, state, live, lease_owner, lease_until, provider_task_id, charged, output,
			answered_at, callback_due_at, overdue_at, settled_at)
		select new_id('sub'), ${jobId}, (select count(*)::int + 1 from submission where job_id = ${jobId}), ${state},
			${isLive}, case when ${state === "intent"} then ${spec.workerId ?? "worker-1"} end,
			case when ${state === "intent"} then now() + make_interval(secs => ${spec.leaseInS ?? 60}::float8) end,
			${spec.taskId ?? null}, ${chargeOf(state)}, ${jsonb(output)}, case when ${state !== "intent"} then now() end,
			now() + make_interval(secs => ${spec.callbackDueInS ?? 1800}::float8), case when ${isOverdue} then now() end,
			case when ${!isLive} then now() end
		returning id`;
	return onlyId(rows);
}

/** The event and the delivery of a job that is final, and which submission ended it. */
async function settleJobRow(
	{ db }: TestStore,
	rows: { id: string; submissionId: string | null },
): Promise<void> {
	await db.$executeRaw`
		update job set settled_by = ${rows.submissionId}
		where id = ${rows.id} and not live and state <> 'expired'`;
	await db.$executeRaw`
		with born as (
			insert into event (id, tenant_id, job_id, type, snapshot)
			select new_id('evt'), tenant_id, id, 'video.' || state, to_jsonb(job)
			from job where id = ${rows.id} and not live
			returning id, tenant_id, job_id)
		insert into delivery (id, event_id, tenant_id, url, lane)
		select new_id('dlv'), born.id, born.tenant_id, webhook_url,
			${laneOf(Prisma.sql`born.tenant_id`, Prisma.sql`webhook_url`)}
		from born join job on job.id = born.job_id where webhook_url is not null`;
}

/** An endpoint of the first tenant, or of another, with a secret that is no real one. */
export async function anEndpoint(
	store: TestStore,
	overrides: Partial<NewEndpoint> = {},
): Promise<EndpointRecord> {
	const endpoint = await insertEndpoint(store.db, {
		id: await newEndpointId(store.db),
		tenantId: store.tenantId,
		url: "https://example.com/hooks",
		description: null,
		events: [...defaultEventFilters],
		sealedHeaders: null,
		scheduleS: null,
		ratePerS: null,
		concurrency: 3,
		ordered: false,
		disabled: false,
		sealedSecret: "sealed",
		...overrides,
	});
	if (endpoint === null) throw new Error("no endpoint was written");
	return endpoint;
}

/** Another customer. */
export async function aTenant({ db }: TestStore): Promise<string> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		insert into tenant (id, name) values (new_id('ten'), ${randomUUID()}) returning id`;
	return onlyId(rows);
}

/** The submission that a factory is known to have made. */
export function submissionOf(job: TestJob): string {
	if (job.submission_id === null) throw new Error("the job has no submission");
	return job.submission_id;
}

function onlyId(rows: { id: string }[]): string {
	const [row] = rows;
	if (row === undefined) throw new Error("nothing was written");
	return row.id;
}
