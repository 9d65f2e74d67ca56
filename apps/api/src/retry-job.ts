import type { RetryJobBody } from "@reelay/shared/contracts/job-api";
import type {
	JsonObject,
	JsonValue,
} from "@reelay/shared/domain/actions/action";
import { isFinal, priorityName } from "@reelay/shared/domain/job";
import type { JobRecord } from "@reelay/shared/domain/job-record";
import { insertAudit } from "@reelay/shared/store/audit-log";
import { findJob, findRetry } from "@reelay/shared/store/jobs";
import { type CreateJobDeps, toNewJob } from "./create-job.ts";
import { noSuch, problemFor } from "./problem.ts";

/**
 * Accepts a new job that tries another one again, with what the body changes. A job is tried again once at most, so that
 * asking twice pays once: the same request gives the same job. Whoever wants a third try retries the second.
 */
export async function retryJob(
	deps: CreateJobDeps,
	request: {
		tenantId: string;
		keyId: string;
		jobId: string;
		body: RetryJobBody;
	},
): Promise<{ job: JobRecord; wasReplayed: boolean }> {
	const { tenantId, keyId, jobId, body } = request;
	const job = await findJob(deps.db, tenantId, jobId);
	if (job === null) throw noSuch("job");
	const refusal = whyNotRetryable(job);
	if (refusal !== null) {
		throw problemFor("not_retryable", { detail: refusal });
	}
	const newJob = toNewJob(deps, {
		tenantId,
		keyId,
		idempotencyKey: null,
		body: bodyOf(job, body),
		retryOf: job.id,
	});
	await insertAudit(deps.db, {
		tenantId,
		actor: keyId,
		action: "job.retry",
		target: jobId,
		// What of the input is changed is the job's own content, which can be erased there.
		data: { changes: Object.keys(body) },
	});
	newJob.price = await deps.estimatePrice(newJob);
	const retry = await deps.insertJob(newJob);
	if (retry !== null) {
		deps.ringer.enqueue("submit", [retry.id]);
		return { job: retry, wasReplayed: false };
	}
	const earlier = await findRetry(deps.db, tenantId, job.id);
	if (earlier === null) throw new Error("a retry was neither made nor found");
	if (newJob.fingerprint.equals(earlier.fingerprint)) {
		return { job: earlier, wasReplayed: true };
	}
	throw problemFor("already_retried", {
		detail: `The job is tried again by ${earlier.id}, with other changes; retry that one.`,
	});
}

function whyNotRetryable(job: JobRecord): string | null {
	if (!isFinal(job.state)) {
		return `The job is ${job.state}: it may still get its video. Wait for it, or cancel it.`;
	}
	if (job.state === "succeeded") {
		return "The job has its video. Another one of the same input is a new job: create it.";
	}
	return job.erased_at
		? "The job's input was erased. Create a new job with it."
		: null;
}

/** The request that would make such a job, with the changes in it. */
function bodyOf(job: JobRecord, changes: RetryJobBody): unknown {
	const { input, ...others } = changes;
	return {
		action: job.action,
		webhook_url: job.webhook_url,
		metadata: job.metadata,
		tags: job.tags,
		priority: priorityName(job.priority),
		timeout_s: job.timeout_s,
		on_unknown: job.on_unknown,
		...others,
		input: mergePatch(job.input, (input ?? {}) as JsonObject),
	};
}

/** JSON Merge Patch (RFC 7396): null removes, an object is merged, anything else takes the place of what was there. */
function mergePatch(target: JsonValue, patch: JsonObject): JsonObject {
	const merged = new Map(isObject(target) ? Object.entries(target) : []);
	for (const [key, value] of Object.entries(patch)) {
		if (value === null) merged.delete(key);
		else if (isObject(value)) {
			merged.set(key, mergePatch(merged.get(key) ?? null, value));
		} else merged.set(key, value);
	}
	return Object.fromEntries(merged);
}

function isObject(value: JsonValue): value is JsonObject {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
