import { z } from "zod";

export type Rate = { limit: number; windowMs: number };

/** "20/10" is twenty requests in any ten seconds; "off" is no limit. */
export const rateSchema = z
	.string()
	.regex(
		/^(off|[1-9]\d{0,6}\/(?!0+(\.0+)?$)\d{1,5}(\.\d{1,3})?)$/,
		'a rate is "<requests>/<seconds>", such as "20/10", or "off"',
	)
	.describe('requests per sliding window of seconds, "20/10", or "off"');

export function parseRate(text: string): Rate | null {
	if (text === "off") return null;
	const [limit, seconds] = text.split("/");
	return { limit: Number(limit), windowMs: Number(seconds) * 1000 };
}

/**
 * A sliding-window log: exact in every window, not only in aligned ones. The
 * window is open at its old end, so an event exactly one length ago is outside.
 */
export class RateWindow {
	#times: number[] = [];
	#head = 0;
	#most = 0;

	/** Counts one event at `now` and remembers the fullest window ever seen. */
	record(now: number, windowMs: number): void {
		this.#forget(now, windowMs);
		this.#times.push(now);
		this.#most = Math.max(this.#most, this.#times.length - this.#head);
	}

	count(now: number, windowMs: number): number {
		this.#forget(now, windowMs);
		return this.#times.length - this.#head;
	}

	/** How long until one more event fits under the limit; 0 when it fits now. */
	waitMs(now: number, rate: Rate): number {
		const excess = this.count(now, rate.windowMs) - rate.limit;
		if (excess < 0) return 0;
		const freeing = this.#times[this.#head + excess] ?? now;
		return Math.max(1, freeing + rate.windowMs - now);
	}

	get most(): number {
		return this.#most;
	}

	clear(): void {
		this.#times = [];
		this.#head = 0;
		this.#most = 0;
	}

	#forget(now: number, windowMs: number): void {
		while ((this.#times[this.#head] ?? Infinity) <= now - windowMs)
			this.#head += 1;
		if (this.#head > 1024 && this.#head * 2 > this.#times.length) {
			this.#times = this.#times.slice(this.#head);
			this.#head = 0;
		}
	}
}
