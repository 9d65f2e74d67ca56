/**
 * Every error that the API can answer with: the status, a title, whether the same request may succeed later, and what
 * to do. Codes are part of the API; a test holds README's table to this one.
 */
export const problems = {
	bad_request: problem(400, "The request could not be read", false),
	malformed_url: problem(400, "The URL could not be decoded", false),
	malformed_json: problem(400, "The body is not valid JSON", false),
	invalid_request: problem(422, "The request has mistakes", false),
	unauthorized: problem(401, "The API key is missing or not valid", false),
	budget_exceeded: problem(402, "A budget does not allow this job", false),
	forbidden: problem(403, "The API key lacks the scope for this", false),
	tenant_disabled: problem(
		403,
		"The tenant is disabled and may only read",
		false,
	),
	not_found: problem(404, "There is no such thing", false),
	not_retryable: problem(409, "The job cannot be tried again", false),
	already_retried: problem(409, "The job has been tried again", false),
	not_final: problem(409, "The job has not ended", false),
	not_resolvable: problem(409, "There is nothing to resolve", false),
	submissions_spent: problem(409, "The job may not be submitted again", false),
	too_many_endpoints: problem(409, "There are as many as may be", false),
	too_many_secrets: problem(409, "Too many secrets are valid", false),
	last_secret: problem(409, "The last secret cannot be ended", false),
	not_deliverable: problem(409, "The delivery cannot be sent now", false),
	key_ended: problem(409, "The key has ended", false),
	last_admin_key: problem(409, "The last admin key cannot be revoked", false),
	replay_ended: problem(409, "The replay has ended", false),
	external_id_taken: problem(409, "The external_id is taken", false),
	tenant_name_taken: problem(409, "Another tenant has this name", false),
	events_removed: problem(410, "Events have been removed by age", false),
	body_too_large: problem(413, "The body is too large", false),
	unsupported_charset: problem(415, "The body's charset is not UTF-8", false),
	unsupported_encoding: problem(
		415,
		"The body's Content-Encoding is not known here",
		false,
	),
	unsupported_media_type: problem(415, "The media type is not JSON", false),
	idempotency_key_reused: problem(
		422,
		"The Idempotency-Key was used for another request",
		false,
	),
	rate_limited: problem(429, "There were too many requests", true),
	too_many_streams: problem(429, "Too many streams are open", true),
	internal_error: problem(500, "Something went wrong on our side", true),
	unavailable: problem(503, "The service cannot answer right now", true),
	streams_full: problem(503, "No more streams can be opened here", true),
} as const;
export type ProblemCode = keyof typeof problems;

function problem(status: number, title: string, retryable: boolean) {
	return { status, title, retryable };
}
