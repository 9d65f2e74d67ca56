/**
 * Why an attempt of a delivery failed, as one word out of a closed list, and in sentences for whoever owns the receiver.
 * The words are API: they are stored, shown and counted, and are never renamed.
 */
import type { AttemptPhase } from "./attempt-phase.ts";
import { failureSentences, statusFixes } from "./delivery-failure-sentences.ts";

/** Every class of a failed attempt. */
export const failureClasses = [
	"http_3xx",
	"http_4xx",
	"http_410",
	"http_429",
	"http_5xx",
	"dns_not_found",
	"dns_failed",
	"dns_timeout",
	"connect_refused",
	"connect_unreachable",
	"connect_timeout",
	"tls_certificate_expired",
	"tls_name_mismatch",
	"tls_untrusted",
	"tls_failed",
	"tls_timeout",
	"timeout_send",
	"timeout_first_byte",
	"timeout_read",
	"reset",
	"protocol_error",
	"forbidden_address",
	"invalid_url",
	"invalid_header",
	"too_large",
	"no_secret",
	"worker_lost",
	"unknown",
] as const;

/** One of `failureClasses`. */
export type FailureClass = (typeof failureClasses)[number];

/**
 * What is known of an attempt that failed: a whole answer has a status and no code; whatever ended without one has a code
 * of Node, undici or our own, and the phase in which it ended.
 */
export type FailedAttempt = {
	status: number | null;
	code: string | null;
	phase: AttemptPhase | null;
};

/** What the sentences may name. */
export type FailureContext = { host?: string; status?: number | null };

/** Puts a failed attempt into its class. A code that nobody knows is judged by its phase, and is else `unknown`. */
export function classifyFailure(attempt: FailedAttempt): FailureClass {
	const { status, code, phase } = attempt;
	if (code === null) return status === null ? "unknown" : classOfStatus(status);
	const known = classOfCode.get(code);
	if (known !== undefined) return known;
	if (timeoutCodes.has(code)) return classOfTimeout(code, phase);
	if (closeCodes.has(code)) return classOfClose(phase);
	if (code.startsWith("HPE_")) return "protocol_error";
	if (/^(EPROTO$|ERR_SSL_|ERR_TLS_)/.test(code)) return "tls_failed";
	if (phase === "dns" || code.startsWith("EAI_")) return "dns_failed";
	if (phase === "tls") return "tls_failed";
	return phase === "connect" ? "connect_unreachable" : "unknown";
}

/** Says in one sentence each what happened and what the owner of the receiver can do about it. */
export function explainFailure(
	failure: FailureClass,
	context: FailureContext = {},
): { reason: string; fix: string } {
	const { host, status } = context;
	const words: Record<string, string> = {
		host: host ?? "the endpoint's host",
		status: typeof status === "number" ? `status ${status}` : "an error status",
	};
	const fill = (text: string) =>
		text.replace(/\{(host|status)\}/g, (whole, name) => words[name] ?? whole);
	const { reason, fix } = sentences[failure];
	const isByStatus = failure === "http_4xx" || failure === "http_5xx";
	const particular = isByStatus ? statusFixes[status ?? 0] : undefined;
	return { reason: fill(reason), fix: fill(particular ?? fix) };
}

/** True of what cannot come out otherwise the next time: trying again would only spend attempts. */
export function isFinalFailure(failure: FailureClass): boolean {
	return finalClasses.has(failure);
}

/** True of what is for us to mend: it says nothing about the endpoint, and must not count against it. */
export function isOurFailure(failure: FailureClass): boolean {
	return failure === "no_secret" || failure === "worker_lost";
}

// No class is without its sentences.
const sentences: Record<FailureClass, { reason: string; fix: string }> =
	failureSentences;

const finalClasses: ReadonlySet<FailureClass> = new Set([
	"http_410",
	"tls_name_mismatch",
	"forbidden_address",
	"invalid_url",
	"invalid_header",
	"too_large",
]);

const classOfCode: ReadonlyMap<string, FailureClass> = new Map(
	Object.entries({
		dns_not_found: ["ENOTFOUND", "ENODATA", "ENONAME", "EAI_NONAME"],
		dns_failed: ["EAI_AGAIN", "ESERVFAIL", "EREFUSED", "EFORMERR", "ENOTIMP"],
		dns_timeout: ["ETIMEOUT"],
		connect_refused: ["ECONNREFUSED"],
		connect_unreachable: [
			"EHOSTUNREACH",
			"ENETUNREACH",
			"EHOSTDOWN",
			"ENETDOWN",
			"EADDRNOTAVAIL",
			"EACCES",
			"EPERM",
		],
		tls_certificate_expired: ["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"],
		tls_name_mismatch: ["ERR_TLS_CERT_ALTNAME_INVALID", "HOSTNAME_MISMATCH"],
		tls_untrusted: [
			"DEPTH_ZERO_SELF_SIGNED_CERT",
			"SELF_SIGNED_CERT_IN_CHAIN",
			"UNABLE_TO_GET_ISSUER_CERT",
			"UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
			"UNABLE_TO_VERIFY_LEAF_SIGNATURE",
			"CERT_SIGNATURE_FAILURE",
			"CERT_CHAIN_TOO_LONG",
			"CERT_REVOKED",
			"CERT_UNTRUSTED",
			"CERT_REJECTED",
			"INVALID_CA",
			"INVALID_PURPOSE",
			"PATH_LENGTH_EXCEEDED",
		],
		protocol_error: [
			"bad_response",
			"flood",
			"no_status",
			"HTTPParserError",
			"UND_ERR_HEADERS_OVERFLOW",
			"UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
			"UND_ERR_RES_EXCEEDED_MAX_SIZE",
		],
		forbidden_address: ["forbidden_address"],
		invalid_url: ["invalid_url", "ERR_INVALID_URL"],
		invalid_header: ["UND_ERR_INVALID_ARG", "UND_ERR_NOT_SUPPORTED"],
		too_large: ["too_large"],
		no_secret: ["no_secret"],
		worker_lost: [
			"worker_lost",
			"aborted",
			"UND_ERR_ABORTED",
			"UND_ERR_DESTROYED",
			"UND_ERR_CLOSED",
		],
	} satisfies Partial<Record<FailureClass, string[]>>).flatMap(
		([failure, codes]) =>
			codes.map((code) => [code, failure as FailureClass] as const),
	),
);

const timeoutCodes = new Set([
	"timeout",
	"ETIMEDOUT",
	"UND_ERR_CONNECT_TIMEOUT",
	"UND_ERR_HEADERS_TIMEOUT",
	"UND_ERR_BODY_TIMEOUT",
]);

// The same word for a handshake that was cut and an answer that was: the phase tells them apart.
const closeCodes = new Set([
	"ECONNRESET",
	"ECONNABORTED",
	"EPIPE",
	"UND_ERR_SOCKET",
]);

function classOfStatus(status: number): FailureClass {
	if (status === 410) return "http_410";
	if (status === 429) return "http_429";
	if (status >= 300 && status < 400) return "http_3xx";
	if (status >= 400 && status < 500) return "http_4xx";
	if (status >= 500 && status < 600) return "http_5xx";
	// Success is no failure, and no other status means anything.
	return status >= 200 && status < 300 ? "unknown" : "protocol_error";
}

function classOfTimeout(
	code: string,
	phase: AttemptPhase | null,
): FailureClass {
	switch (phase) {
		case "dns":
			return "dns_timeout";
		case "tls":
			return "tls_timeout";
		case "send":
			return "timeout_send";
		case "wait":
			return "timeout_first_byte";
		case "read":
			return "timeout_read";
		case "connect":
			return "connect_timeout";
		case null:
			if (code === "UND_ERR_HEADERS_TIMEOUT") return "timeout_first_byte";
			if (code === "UND_ERR_BODY_TIMEOUT") return "timeout_read";
			return "connect_timeout";
	}
}

function classOfClose(phase: AttemptPhase | null): FailureClass {
	if (phase === "dns") return "dns_failed";
	if (phase === "connect") return "connect_refused";
	return phase === "tls" ? "tls_failed" : "reset";
}
