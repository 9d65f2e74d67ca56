import type { JsonObject, JsonValue } from "../domain/actions/action.ts";
import type { UnknownPolicy } from "../domain/job.ts";
import type { JobRecord } from "../domain/job-record.ts";
import type { ExpectedPrice } from "../domain/price.ts";

/** A validated job, before the database gives it an id and an instant. */
export type NewJob = {
	tenantId: string;
	action: string;
	mode: string;
	input: JsonObject;
	warnings: JsonValue[];
	idempotencyKey: string | null;
	fingerprint: Buffer;
	externalId: string | null;
	metadata: JsonObject;
	tags: string[];
	webhookUrl: string | null;
	priority: number;
	runAt: Date | null;
	startWithinS: number;
	timeoutS: number;
	maxSubmissions: number;
	onUnknown: UnknownPolicy;
	/** The API key that asks for it. */
	keyId: string | null;
	/** What its budgets reserve; null reserves nothing. */
	price: ExpectedPrice | null;
	/** The job of which this is another try. */
	retryOf?: string | null;
};

/** What the database alone knows of a job that it has just written. */
export type Birth = {
	id: string;
	created_at: Date;
	not_before: Date;
	start_by: Date;
};

/**
 * A job as it is read in the moment of its birth, made of what was written: to have the row come back, with an input as
 * long as the request, would cost more than to write it.
 */
export function acceptedJob(job: NewJob, birth: Birth): JobRecord {
	return {
		id: birth.id,
		tenant_id: job.tenantId,
		action: job.action,
		mode: job.mode,
		input: job.input,
		warnings: job.warnings,
		idem_key: job.idempotencyKey,
		external_id: job.externalId,
		metadata: job.metadata,
		tags: job.tags,
		webhook_url: job.webhookUrl,
		state: "queued",
		priority: job.priority,
		not_before: birth.not_before,
		start_by: birth.start_by,
		timeout_s: job.timeoutS,
		on_unknown: job.onUnknown,
		resubmitted: false,
		submissions: 0,
		max_submissions: job.maxSubmissions,
		settled_by: null,
		result: null,
		error: null,
		charged: "no",
		cost_points: null,
		estimate_points: job.price?.estimatePoints ?? null,
		key_id: job.keyId,
		surplus_results: 0,
		cancel_requested_at: null,
		batch_id: null,
		retry_of: job.retryOf ?? null,
		erased_at: null,
		price_class: job.price?.priceClass ?? null,
		created_at: birth.created_at,
		submitted_at: null,
		updated_at: birth.created_at,
		finished_at: null,
	};
}
