import { describe, expect, it } from "vitest";
import { type AttemptPhase, attemptPhases } from "./attempt-phase.ts";
import { classifyAttempt } from "./delivery.ts";
import {
	classifyFailure,
	explainFailure,
	type FailureClass,
	failureClasses,
	isFinalFailure,
} from "./delivery-failure.ts";
import { statusFixes } from "./delivery-failure-sentences.ts";

const ofStatus = (status: number) =>
	classifyFailure({ status, code: null, phase: null });

const ofCode = (code: string, phase: AttemptPhase | null = null) =>
	classifyFailure({ status: null, code, phase });

describe("classifyFailure", () => {
	it.each<[number, FailureClass]>([
		[300, "http_3xx"],
		[307, "http_3xx"],
		[400, "http_4xx"],
		[409, "http_4xx"],
		[410, "http_410"],
		[429, "http_429"],
		[500, "http_5xx"],
		[599, "http_5xx"],
		[101, "protocol_error"],
		[999, "protocol_error"],
		[200, "unknown"],
	])("puts an answer of %i into %s", (status, expected) => {
		expect(ofStatus(status)).toBe(expected);
	});

	it.each<[string, FailureClass]>([
		["ENOTFOUND", "dns_not_found"],
		["EAI_AGAIN", "dns_failed"],
		["EAI_OVERFLOW", "dns_failed"],
		["ECONNREFUSED", "connect_refused"],
		["EHOSTUNREACH", "connect_unreachable"],
		["ENETUNREACH", "connect_unreachable"],
		["CERT_HAS_EXPIRED", "tls_certificate_expired"],
		["CERT_NOT_YET_VALID", "tls_certificate_expired"],
		["ERR_TLS_CERT_ALTNAME_INVALID", "tls_name_mismatch"],
		["DEPTH_ZERO_SELF_SIGNED_CERT", "tls_untrusted"],
		["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "tls_untrusted"],
		["EPROTO", "tls_failed"],
		["ERR_SSL_WRONG_VERSION_NUMBER", "tls_failed"],
		["HPE_INVALID_CONSTANT", "protocol_error"],
		["UND_ERR_HEADERS_OVERFLOW", "protocol_error"],
		["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "protocol_error"],
		["bad_response", "protocol_error"],
		["flood", "protocol_error"],
		["forbidden_address", "forbidden_address"],
		["invalid_url", "invalid_url"],
		["UND_ERR_INVALID_ARG", "invalid_header"],
		["no_secret", "no_secret"],
		["worker_lost", "worker_lost"],
		["aborted", "worker_lost"],
		["UND_ERR_DESTROYED", "worker_lost"],
	])("knows %s in every phase as %s", (code, expected) => {
		const phases = [null, ...attemptPhases];

		const classes = phases.map((phase) => ofCode(code, phase));

		expect(new Set(classes)).toEqual(new Set([expected]));
	});

	it.each<[AttemptPhase | null, FailureClass, FailureClass]>([
		[null, "connect_timeout", "reset"],
		["dns", "dns_timeout", "dns_failed"],
		["connect", "connect_timeout", "connect_refused"],
		["tls", "tls_timeout", "tls_failed"],
		["send", "timeout_send", "reset"],
		["wait", "timeout_first_byte", "reset"],
		["read", "timeout_read", "reset"],
	])(
		"judges a timeout and a lost connection by the phase %s",
		(phase, timeout, close) => {
			expect(ofCode("timeout", phase)).toBe(timeout);
			expect(ofCode("ETIMEDOUT", phase)).toBe(timeout);
			expect(ofCode("ECONNRESET", phase)).toBe(close);
			expect(ofCode("UND_ERR_SOCKET", phase)).toBe(close);
		},
	);

	it("believes the code where a status had come before it", () => {
		const cut = { status: 200, code: "ECONNRESET", phase: "read" } as const;

		expect(classifyFailure(cut)).toBe("reset");
	});

	it.each<[AttemptPhase | null, FailureClass]>([
		[null, "unknown"],
		["dns", "dns_failed"],
		["connect", "connect_unreachable"],
		["tls", "tls_failed"],
		["wait", "unknown"],
	])(
		"judges what it does not know by the phase %s alone",
		(phase, expected) => {
			expect(ofCode("E_NEVER_HEARD_OF", phase)).toBe(expected);
			expect(ofCode("constructor", phase)).toBe(expected);
		},
	);

	it("has no word for what is not known at all", () => {
		const nothing = { status: null, code: null, phase: null };

		expect(classifyFailure(nothing)).toBe("unknown");
	});
});

describe("explainFailure", () => {
	const isSentence = /^[A-Z0-9].{10,}\.$/;

	it.each(failureClasses)(
		"says in one sentence each why %s and what to do",
		(failure) => {
			const host = "hooks.example.com";
			const texts = [
				explainFailure(failure),
				explainFailure(failure, { host, status: 500 }),
			].flatMap(({ reason, fix }) => [reason, fix]);

			for (const text of texts) {
				expect(text).not.toMatch(/[{}]|undefined|null|\. [A-Z]/);
				expect(text).toMatch(isSentence);
			}
		},
	);

	it("names the host and the status", () => {
		const context = { host: "hooks.example.com", status: 418 };

		const texts = [
			explainFailure("connect_refused", context).reason,
			explainFailure("http_4xx", context).reason,
		];

		expect(texts).toEqual([
			"The server at hooks.example.com refused the connection.",
			"The endpoint refused the request with status 418.",
		]);
	});

	it("gives a status that says more its own fix, within its class", () => {
		const statuses = Object.keys(statusFixes).map(Number);

		for (const status of statuses) {
			const failure = ofStatus(status);
			expect(explainFailure(failure, { status }).fix).toBe(statusFixes[status]);
		}
		expect(explainFailure("reset", { status: 404 })).toEqual(
			explainFailure("reset"),
		);
	});

	it("leaves a host as it is, whatever characters it holds", () => {
		const { reason } = explainFailure("connect_refused", {
			host: "$&{status}",
		});

		expect(reason).toBe("The server at $&{status} refused the connection.");
	});
});

describe("isFinalFailure", () => {
	it("ends a delivery at what cannot change by trying again, and at nothing else", () => {
		expect(failureClasses.filter(isFinalFailure)).toEqual([
			"http_410",
			"tls_name_mismatch",
			"forbidden_address",
			"invalid_url",
			"invalid_header",
			"too_large",
		]);
	});

	it("agrees with what an answer means for its delivery", () => {
		for (let status = 300; status < 600; status += 1) {
			const outcome = classifyAttempt({
				kind: "answered",
				status,
				retryAfterMs: null,
				instruction: null,
			});
			expect(isFinalFailure(ofStatus(status))).toBe(outcome === "aborted");
		}
	});
});
