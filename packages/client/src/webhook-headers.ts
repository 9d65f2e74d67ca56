import {
	type WebhookErrorCode,
	WebhookVerificationError,
} from "./webhook-error.ts";

/** The headers of the request: a Web `Headers`, or a record such as Node's `request.headers`, in any case. */
export type WebhookHeaders =
	| { get(name: string): string | null }
	| Readonly<Record<string, string | readonly string[] | undefined>>;

/** The three headers of Standard Webhooks. They are part of what is signed, so they stay the texts that came in. */
export type SignedHeaders = {
	id: string;
	/** Whole unix seconds in digits. */
	timestamp: string;
	signature: string;
};

// Visible ASCII without a dot, which divides id, timestamp and body in what is signed: else two webhooks could share
// one signature. A comma is how HTTP joins a header that was sent twice.
const idPattern = /^[!-+\-/-~]+$/;
// One way to write an instant: no sign, exponent, fraction, space or leading zero.
const timestampPattern = /^(0|[1-9]\d{0,11})$/;

/** Reads the headers, each of which must be there once. */
export function readSignedHeaders(headers: unknown): SignedHeaders {
	const id = readHeader(headers, "webhook-id", "bad_id");
	const timestamp = readHeader(headers, "webhook-timestamp", "bad_timestamp");
	const signature = readHeader(
		headers,
		"webhook-signature",
		"malformed_signature",
	);
	if (!idPattern.test(id)) {
		throw new WebhookVerificationError(
			"bad_id",
			"The header webhook-id has a character that no id has, such as a dot, a comma or a space: was it sent twice, or rewritten by a proxy?",
		);
	}
	if (!timestampPattern.test(timestamp)) {
		throw new WebhookVerificationError(
			"bad_timestamp",
			"The header webhook-timestamp is not whole unix seconds in digits: was it sent twice, or rewritten by a proxy?",
		);
	}
	return { id, timestamp, signature };
}

function readHeader(
	headers: unknown,
	name: string,
	codeIfDoubled: WebhookErrorCode,
): string {
	const [value, ...others] = listValues(headers, name);
	if (value === undefined || value === "") {
		throw new WebhookVerificationError(
			"missing_header",
			`The header ${name} is missing: pass the headers of the request as they are, and let every proxy pass on the three that start with webhook-.`,
		);
	}
	if (typeof value !== "string" || others.length > 0) {
		throw new WebhookVerificationError(
			codeIfDoubled,
			`The header ${name} has a list of values: it must be there once, as a string.`,
		);
	}
	return value;
}

function listValues(headers: unknown, name: string): unknown[] {
	if (typeof headers !== "object" || headers === null) return [];
	if ("get" in headers && typeof headers.get === "function") {
		return [headers.get(name) ?? undefined];
	}
	return Object.entries(headers)
		.filter(([key]) => key.toLowerCase() === name)
		.map(([, value]: [string, unknown]) => value)
		.filter((value) => value !== undefined);
}
