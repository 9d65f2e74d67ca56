/**
 * How often something may happen under one key in a window of time, counted in this process' memory. The windows follow
 * each other, so that at their border twice as much may pass; these limits bound an abuse, and divide nothing up.
 */
export type RateLimit = {
	/** Counts one, and says whether it is within the limit, or the first beyond it, or one more. */
	count(key: string): "within" | "first_beyond" | "beyond";
	/** How much is left under the key, and when the window ends. */
	left(key: string): { remaining: number; resetMs: number };
};

export type RateLimitOptions = {
	limit: number;
	windowMs: number;
	clock: { now(): number };
};

// A flood from everywhere costs this many entries and no more; the eldest is forgotten, and may begin anew.
const maxKeys = 10_000;

/** Makes a limit of its own. */
export function createRateLimit(options: RateLimitOptions): RateLimit {
	const { limit, windowMs, clock } = options;
	const counts = new Map<string, number>();
	let endsAt = Number.NEGATIVE_INFINITY;
	return {
		count(key) {
			const now = clock.now();
			if (now >= endsAt) {
				counts.clear();
				endsAt = now + windowMs;
			}
			const count = (counts.get(key) ?? 0) + 1;
			if (count === 1 && counts.size >= maxKeys) {
				const [eldest] = counts.keys();
				if (eldest !== undefined) counts.delete(eldest);
			}
			counts.set(key, count);
			if (count <= limit) return "within";
			return count === limit + 1 ? "first_beyond" : "beyond";
		},
		left: (key) => ({
			remaining: Math.max(limit - (counts.get(key) ?? 0), 0),
			resetMs: Math.max(endsAt - clock.now(), 0),
		}),
	};
}
