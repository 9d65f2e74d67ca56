const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

// The first wait outlives a dropped connection; the cap keeps a queue from sleeping through a recovery.
const requeueBaseMs = 2 * secondMs;
const requeueCapMs = 5 * minuteMs;

// Nobody is waited for longer than a day, and no larger number reaches a date or a database.
const retryAfterCapMs = 24 * hourMs;

/**
 * How long a job waits after a try that cost nothing. It doubles up to the cap; the random half keeps the jobs that
 * failed together from coming back together.
 */
export function decideRequeueDelayMs(input: {
	attempt: number;
	random: number;
}): number {
	const doublings = Math.max(0, Math.floor(input.attempt) - 1);
	const ceilingMs = Math.min(requeueCapMs, requeueBaseMs * 2 ** doublings);
	return Math.round(ceilingMs * (0.5 + 0.5 * clampUnit(input.random)));
}

const httpDates = [
	/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
	/^[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
	/^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
];

/**
 * The wait that a Retry-After header asks for, from its seconds or any of the three forms of an HTTP date; null where it
 * asks for none that can be read. A moment in the past is 0, and nothing is longer than a day.
 */
export function parseRetryAfter(
	header: string | null,
	now: Date,
): number | null {
	const text = header?.trim() ?? "";
	if (/^\d+(\.\d+)?$/.test(text)) return capRetryAfter(Number(text) * 1000);
	if (!httpDates.some((form) => form.test(text))) return null;
	// The oldest form names no zone, and would be read in that of this machine.
	const at = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
	return Number.isNaN(at) ? null : capRetryAfter(at - now.getTime());
}

/** The waits before a delivery's first attempt and after each one that failed: twelve attempts in about three days. */
export const deliveryScheduleMs: readonly number[] = [
	0,
	5 * secondMs,
	30 * secondMs,
	2 * minuteMs,
	10 * minuteMs,
	30 * minuteMs,
	2 * hourMs,
	5 * hourMs,
	10 * hourMs,
	14 * hourMs,
	20 * hourMs,
	24 * hourMs,
];

/**
 * The wait after so many attempts of a round, or null once the schedule is exhausted. The jitter spreads a recovered
 * endpoint's backlog; a receiver's Retry-After can lengthen the wait, up to a day, and never shorten it.
 */
export function decideDeliveryDelayMs(input: {
	attempt: number;
	retryAfterMs: number | null;
	random: number;
	/** Another schedule than the usual one, in seconds. */
	scheduleS?: readonly number[] | null;
}): number | null {
	const own = input.scheduleS?.map((seconds) => seconds * secondMs);
	const baseMs = (own ?? deliveryScheduleMs)[input.attempt];
	if (baseMs === undefined) return null;
	const jitteredMs = Math.round(baseMs * (0.8 + 0.4 * clampUnit(input.random)));
	return Math.max(jitteredMs, capRetryAfter(input.retryAfterMs ?? 0));
}

function capRetryAfter(delayMs: number): number {
	return Math.round(Math.min(retryAfterCapMs, Math.max(0, delayMs)));
}

function clampUnit(random: number): number {
	return Math.min(1, Math.max(0, random));
}
