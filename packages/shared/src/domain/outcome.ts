import {
	type ProviderError,
	type ProviderOutput,
	type ProviderReport,
	readProviderReport,
	readTaskFate,
} from "./provider-answer.ts";
import { readProviderError } from "./provider-error.ts";
import { isSuccessCode, readEnvelopeCode } from "./provider-layers.ts";
import { keepText } from "./provider-text.ts";
import type { ResultHosts } from "./result-url.ts";
import { parseRetryAfter } from "./retry.ts";

/** How a POST ended for the one who sent it: before a byte left, with an answer, or without one we can trust. */
export type PostEnd =
	| { kind: "unsent"; reason: string }
	| Answer
	| { kind: "lost"; reason: string };

type Answer = {
	kind: "answered";
	status: number;
	retryAfter: string | null;
	body: unknown;
	text: string;
};

/**
 * What that end means for the job and for money. `unsent`, `rate_limited`, `closed`, `refused` and `provider_error`
 * are definite: nothing was taken. `unknown` may have been taken, and is never sent again by itself.
 */
export type Outcome =
	| { kind: "unsent"; reason: string }
	| { kind: "succeeded"; output: ProviderOutput }
	| { kind: "accepted"; output: ProviderOutput | null }
	| { kind: "failed"; output: ProviderOutput; error: ProviderError }
	| { kind: "rate_limited"; retryAfterMs: number | null }
	| { kind: "closed"; reason: "funds" | "credentials"; error: ProviderError }
	| { kind: "refused"; error: ProviderError }
	| { kind: "provider_error"; error: ProviderError }
	| { kind: "unknown"; reason: string };

// The provider's own window is ten seconds. A longer wait than this is a mistake of someone's, and would stop everyone.
const rateLimitCapMs = 60 * 60 * 1000;

/**
 * Decides what the end of a POST means. Total: every status, known or not, has an outcome, and it never throws. `hosts`
 * are those that results may lead to; a success elsewhere leaves the task accepted, and its callback is set aside.
 */
export function classifyOutcome(
	end: PostEnd,
	now: Date,
	hosts: ResultHosts = null,
): Outcome {
	if (end.kind === "unsent") return { kind: "unsent", reason: end.reason };
	if (end.kind === "lost") return { kind: "unknown", reason: end.reason };
	const report = readProviderReport(end.body, hosts);
	if (end.status >= 200 && end.status < 300) {
		return classifyTaken(end, report, now);
	}
	const outcome = classifyStatus(end, end.status, now);
	return isContradicted(outcome, report)
		? unknown(`HTTP ${end.status} beside a task that may be alive`)
		: outcome;
}

/**
 * A 2xx. An error code inside it counts as the status would, unless the answer names a task that failed: then a task
 * existed and has ended, and sending the job again would start a second one. Codes that no status of ours explains are
 * definite failures, because the provider answered in full. An answer that says too little leaves the task accepted.
 */
function classifyTaken(
	end: Answer,
	report: ProviderReport,
	now: Date,
): Outcome {
	if (report.kind === "succeeded") return report;
	const code = readEnvelopeCode(end.body);
	const namesNoTask = (report.output?.task_id ?? null) === null;
	if (code !== null && !isSuccessCode(code) && namesNoTask) {
		const outcome = classifyStatus(end, code, now);
		const isKnown = (code >= 400 && code < 500) || code in serverErrors;
		if (isKnown && !isContradicted(outcome, report)) return outcome;
	}
	if (report.kind === "failed") {
		const { output, error } = report;
		return { kind: "failed", output, error };
	}
	return { kind: "accepted", output: report.output };
}

// 500, 502 and 503 are free by the provider's documents. 504 is its own waiting that ended, not the task.
const serverErrors: Readonly<Record<number, "free" | "unclear">> = {
	500: "free",
	502: "free",
	503: "free",
	504: "unclear",
};

// A permanent redirect, and one that asks for the same POST elsewhere, say that this address does not take it. The others
// (302, 303) are what servers also send after they took a POST.
const untakenRedirects = [301, 307, 308];

// A timeout (408), or a client that hung up (499), may come from a proxy whose upstream went on.
const unclearRefusals = [408, 499];

function classifyStatus(end: Answer, status: number, now: Date): Outcome {
	if (status === 429) return rateLimited(end, now);
	const error = readError(end, status);
	if (status === 402) return { kind: "closed", reason: "funds", error };
	if (status === 401) {
		const reason = speaksOfBalance(end, error) ? "funds" : "credentials";
		return { kind: "closed", reason, error };
	}
	if (unclearRefusals.includes(status)) return unknown(`HTTP ${status}`);
	if (status >= 400 && status < 500) return { kind: "refused", error };
	if (serverErrors[status] === "free") return { kind: "provider_error", error };
	// Sending again would meet the same redirect, so it ends the job instead of being tried until its attempts are used up.
	if (untakenRedirects.includes(status)) {
		const message = `The provider answered with a redirect (${status}), which a paid request never follows. Check SEE2AI_BASE_URL.`;
		return { kind: "refused", error: { code: "redirect", message, status } };
	}
	// Undocumented 5xx (a proxy's 524 is a timeout after sending), interim answers, and what is no status at all.
	return unknown(`HTTP ${status}`);
}

/**
 * True where a definite no stands beside a task that may be alive. A live state is doubt enough for any of them; one
 * after which the job would be sent again needs no more than a task's id, because a second task would be paid for.
 */
function isContradicted(outcome: Outcome, report: ProviderReport): boolean {
	const fate = readTaskFate(report);
	if (fate === "ended" || outcome.kind === "unknown") return false;
	const namesTask = (report.output?.task_id ?? null) !== null;
	return fate === "alive" || (namesTask && outcome.kind !== "refused");
}

function rateLimited(end: Answer, now: Date): Outcome {
	const askedMs = parseRetryAfter(end.retryAfter, now);
	const retryAfterMs =
		askedMs === null ? null : Math.min(askedMs, rateLimitCapMs);
	return { kind: "rate_limited", retryAfterMs };
}

function readError(end: Answer, status: number): ProviderError {
	const words = end.text.trim().startsWith("<") ? "" : end.text;
	const excerpt = keepText(words.replace(/\s+/g, " ").trim(), 200);
	const isBodyRead = end.body !== undefined || excerpt === "";
	const fallback = `The provider answered ${status}`;
	const message = isBodyRead ? `${fallback}.` : `${fallback}: ${excerpt}`;
	return { ...readProviderError(end.body, message), status };
}

// "credentials" is not credit, "endpoints" are not points, and a lack of permission is not one of money.
const balanceWords =
	/\b(balance|credits?|funds?|quota|points|payment|billing|top[ -]?up|recharge|arrears)\b/i;
const balanceWordsChinese = /余额|欠费|充值|积分|点数|额度|词元|费用/;

function speaksOfBalance(end: Answer, error: ProviderError): boolean {
	const text = end.body === undefined ? end.text : "";
	const words = `${error.code ?? ""} ${error.message} ${text}`
		.replaceAll("_", " ")
		.replace(/([a-z])([A-Z])/g, "$1 $2");
	return balanceWords.test(words) || balanceWordsChinese.test(words);
}

function unknown(reason: string): Outcome {
	return { kind: "unknown", reason };
}
