import type { ReelayError } from "../reelay-error.ts";

// The first pause is short, for most failures are a restart; the longest leaves a server that is down some peace.
const firstPauseMs = 500;
const longestPauseMs = 8_000;
// Who is told to wait longer than this had better decide for themselves.
const longestRetryAfterS = 60;

/**
 * A random pause before the next try, with full jitter, so that many clients that fail at once do not come back at once.
 * What the server asked for is waited in any case.
 */
export function decidePauseMs(
	failures: number,
	{ retryAfterS }: Pick<ReelayError, "retryAfterS">,
	random: number,
): number {
	const bound = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1));
	return Math.round((retryAfterS ?? 0) * 1000 + random * bound);
}

/**
 * Whether a request is sent again. Only what is safe to repeat is, because the failed one may have been carried out; and
 * only while it may help.
 */
export function isWorthRepeating(
	error: Pick<ReelayError, "retryable" | "retryAfterS">,
	{
		isRepeatable,
		failures,
		maxRetries,
	}: { isRepeatable: boolean; failures: number; maxRetries: number },
): boolean {
	return (
		isRepeatable &&
		error.retryable &&
		failures <= maxRetries &&
		(error.retryAfterS ?? 0) <= longestRetryAfterS
	);
}

/** The seconds of a `Retry-After`, which is a number or a date; a date is read by the server's own clock. */
export function readRetryAfter(
	headers: { get(name: string): string | null },
	nowMs: number,
): number | null {
	const text = headers.get("retry-after")?.trim() ?? "";
	if (/^\d{1,9}$/.test(text)) return Number(text);
	const at = Date.parse(text);
	if (Number.isNaN(at)) return null;
	const sentAt = Date.parse(headers.get("date") ?? "");
	const seconds = (at - (Number.isNaN(sentAt) ? nowMs : sentAt)) / 1000;
	return Math.max(0, Math.ceil(seconds));
}
