import { priorities, type UnknownPolicy } from "@reelay/shared/domain/job";
import type { JobRecord } from "@reelay/shared/domain/job-record";
import type { Violation } from "@reelay/shared/domain/violation";
import type { Ringer } from "@reelay/shared/queue/rings";
import type { Racepoint } from "@reelay/shared/runtime/racepoint";
import type { NewJob } from "@reelay/shared/store/accept";
import type { JobInserter } from "@reelay/shared/store/accept-together";
import type { Database } from "@reelay/shared/store/database";
import { findJobByIdempotencyKey } from "@reelay/shared/store/jobs";
import type { PriceEstimator } from "./estimate-price.ts";
import { fingerprint } from "./fingerprint.ts";
import { problemFor } from "./problem.ts";
import { type UrlCheck, type ValidJob, validateJob } from "./validate-job.ts";

export type CreateJobDeps = {
	db: Database;
	/** Writes one job, together with those of concurrent requests. */
	insertJob: JobInserter;
	ringer: Pick<Ringer, "enqueue">;
	checkWebhookUrl: UrlCheck;
	maxSubmissions: number;
	/** The policy of jobs that name none. */
	onUnknown?: UnknownPolicy;
	/** What budgets reserve for a job. */
	estimatePrice: PriceEstimator;
	/** Nothing in production; where a test stops the process. */
	racepoint?: Racepoint | undefined;
};

export type CreateJobInput = {
	tenantId: string;
	keyId: string;
	idempotencyKey: string | null;
	body: unknown;
	/** The job of which it is another try. */
	retryOf?: string;
};

/**
 * Accepts a job: it returns after the commit, so whatever answers 202 afterwards speaks of a job that cannot be lost.
 * The ring comes last and is not waited for; a crash before it costs a sweep's interval of latency. The same
 * idempotency key with the same request gives the same job, however many arrive at once.
 */
export async function createJob(
	deps: CreateJobDeps,
	request: CreateJobInput,
): Promise<{ job: JobRecord; wasReplayed: boolean }> {
	const newJob = toNewJob(deps, request);
	newJob.price = await deps.estimatePrice(newJob);
	await deps.racepoint?.("accept.beforeCommit");
	const job = await deps.insertJob(newJob);
	if (job !== null) {
		await deps.racepoint?.("accept.committed");
		deps.ringer.enqueue("submit", [job.id]);
		await deps.racepoint?.("accept.rung");
		return { job, wasReplayed: false };
	}
	const earlier = await findReplayed(deps.db, newJob);
	if (earlier !== null) return { job: earlier, wasReplayed: true };
	// Nothing but the key can have been in the way, and its day ended between the two statements: it is free now.
	if (newJob.externalId === null) return createJob(deps, request);
	throw externalIdTaken(newJob.externalId);
}

/** The problem of an external id that another job has. */
export function externalIdTaken(externalId: string) {
	return problemFor("external_id_taken", {
		detail: `Another of your jobs has the external_id ${externalId}; choose another, or read that job.`,
	});
}

/** The job that this key made before, null when the key is free, a problem when it stood for another request. */
export async function findReplayed(
	db: Database,
	{ tenantId, idempotencyKey, fingerprint }: NewJob,
): Promise<JobRecord | null> {
	if (idempotencyKey === null) return null;
	const earlier = await findJobByIdempotencyKey(db, tenantId, idempotencyKey);
	if (earlier === null) return null;
	if (fingerprint.equals(earlier.fingerprint)) return earlier;
	throw problemFor("idempotency_key_reused", {
		detail:
			"This Idempotency-Key was sent with another request within the last 24 hours; send the same request, or a new key.",
	});
}

/** A request as it is stored, or the problem that names every mistake in it. */
export function toNewJob(
	deps: Pick<CreateJobDeps, "checkWebhookUrl" | "maxSubmissions" | "onUnknown">,
	request: CreateJobInput,
): NewJob {
	const validation = validateJob(request.body, deps.checkWebhookUrl);
	if (!validation.ok) throw invalidRequest(validation.violations);
	return newJobOf(deps, request, validation.job);
}

/** The problem of a request with mistakes. */
export function invalidRequest(violations: Violation[]) {
	return problemFor("invalid_request", {
		detail: `The request has ${violations.length === 1 ? "a mistake" : `${violations.length} mistakes`}; each is listed in errors with a pointer to where it is.`,
		errors: violations,
	});
}

/** A request that breaks no rule, as it is stored. */
export function newJobOf(
	deps: Pick<CreateJobDeps, "maxSubmissions" | "onUnknown">,
	request: Omit<CreateJobInput, "body">,
	{ body, action, input, warnings }: ValidJob,
): NewJob {
	const retryOf = request.retryOf ?? null;
	const asked = { ...body, action: action.name, input };
	return {
		tenantId: request.tenantId,
		action: action.name,
		mode: action.describeMode(input),
		input,
		warnings,
		idempotencyKey: request.idempotencyKey,
		fingerprint: fingerprint(
			retryOf === null ? asked : { ...asked, retry_of: retryOf },
		),
		externalId: body.external_id ?? null,
		metadata: body.metadata ?? {},
		tags: body.tags ?? [],
		webhookUrl: body.webhook_url ?? null,
		priority: priorities[body.priority],
		runAt: body.run_at ? new Date(body.run_at) : null,
		startWithinS: body.start_within_s,
		timeoutS: body.timeout_s,
		maxSubmissions: deps.maxSubmissions,
		keyId: request.keyId,
		price: null,
		onUnknown: body.on_unknown ?? deps.onUnknown ?? "hold",
		retryOf,
	};
}
