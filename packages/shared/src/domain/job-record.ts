import type { JsonObject, JsonValue } from "./actions/action.ts";
import type { Charge, JobState, UnknownPolicy } from "./job.ts";
import type { ProviderError, ProviderOutput } from "./provider-answer.ts";

/**
 * A job as the store returns it: the row's own column names. Instants are a Date when read from the table and a string
 * when they come from an event's snapshot of the row, so that one presenter serves both.
 */
export type JobRecord = {
	id: string;
	tenant_id: string;
	action: string;
	mode: string;
	input: JsonObject;
	warnings: JsonValue[];
	idem_key: string | null;
	external_id: string | null;
	metadata: JsonObject;
	tags: string[];
	webhook_url: string | null;
	state: JobState;
	priority: number;
	not_before: Instant;
	start_by: Instant;
	timeout_s: number;
	on_unknown: UnknownPolicy;
	resubmitted: boolean;
	submissions: number;
	max_submissions: number;
	settled_by: string | null;
	result: JobResult | null;
	error: JobError | null;
	charged: Charge;
	cost_points: number | null;
	/** Null for a job that an earlier release accepted; an event's snapshot of one may lack it. */
	estimate_points?: number | null;
	key_id?: string | null;
	surplus_results: number;
	cancel_requested_at: Instant | null;
	/** These are not in the snapshots of events that are older than their columns. */
	batch_id?: string | null;
	retry_of?: string | null;
	erased_at?: Instant | null;
	/** What its price depends on, in the action's own words. */
	price_class?: string | null;
	created_at: Instant;
	submitted_at: Instant | null;
	updated_at: Instant;
	finished_at: Instant | null;
};

export type Instant = Date | string;

/** The provider's output and the instant at which it reached us. */
export type JobResult = ProviderOutput & { received_at: Instant };

/** Why a job failed or expired: a stable code, a sentence, and what the provider itself said. */
export type JobError = {
	code: JobErrorCode;
	message: string;
	retryable: boolean;
	provider: ProviderError | null;
};

/** The codes of a job's `error`; README's table and docs/FAILURES name the same ones. */
export const jobErrorCodes = [
	"provider_refused",
	"provider_failed",
	"provider_error",
	"no_result",
	"outcome_unknown",
	"resolved_as_failed",
	"start_deadline_passed",
] as const;
export type JobErrorCode = (typeof jobErrorCodes)[number];
