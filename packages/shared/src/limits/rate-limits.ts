/**
 * Limits that all processes of an installation share, by a counter in Redis for each key and window. They promise that no
 * request waits longer than `askMs` for its count and that none is refused because Redis is away: then each process counts
 * by itself, so that as many times as much may pass as there are processes. Without Redis it is always so. The windows
 * follow each other: at their border twice as much may pass.
 */
import { once } from "node:events";
import {
	type RateLimiterAbstract,
	RateLimiterMemory,
	RateLimiterRedis,
	RateLimiterRes,
} from "rate-limiter-flexible";
import { openRedis } from "../queue/redis.ts";
import type { Rate } from "../runtime/settings.ts";

/** What came of one request: whether it may pass, what is left, and when the window ends. */
export type Taken = { isAllowed: boolean; remaining: number; resetMs: number };

/** A limit by its name, which clients see. */
export type SharedLimit = {
	name: string;
	rate: Rate;
	/** Counts one under the key; never rejects. */
	take(key: string): Promise<Taken>;
};

/** Null is no limit. */
export type RateLimits = {
	writes: SharedLimit | null;
	reads: SharedLimit | null;
};

export type RateLimitsOptions = {
	redisUrl: string | null;
	writes: Rate | null;
	reads: Rate | null;
	/** Told once when Redis is lost, and once when it is back. */
	onAway: (error: unknown) => void;
	onBack: () => void;
	/** What a request may wait for its count; 50 ms if left out. */
	askMs?: number;
	clock?: { now(): number };
};

// On one network an answer takes a hundredth of it.
const usualAskMs = 50;
// How long nobody asks a Redis that has failed, so that an outage costs one request in a second that wait, and not each.
const restMs = 1_000;
const startingMs = 1_000;

/** Opens the limits. A Redis that does not answer within a second is no reason not to start. */
export async function openRateLimits(
	options: RateLimitsOptions,
): Promise<RateLimits & { close(): void }> {
	const { redisUrl, writes, reads } = options;
	const isLimited = writes !== null || reads !== null;
	const redis =
		redisUrl !== null && isLimited
			? openRedis(redisUrl, {
					enableOfflineQueue: false,
					// A count that comes late counts for a window that nobody is in.
					autoResendUnfulfilledCommands: false,
					maxRetriesPerRequest: 0,
					commandTimeout: options.askMs ?? usualAskMs,
				})
			: null;
	const outage = createOutage(options);
	if (redis !== null) {
		// Each failure of a connection is seen by whoever asks next, and is no news here.
		redis.on("error", () => {});
		const signal = AbortSignal.timeout(startingMs);
		await once(redis, "ready", { signal }).catch(() => {});
	}
	const limit = (name: string, rate: Rate | null): SharedLimit | null => {
		if (rate === null) return null;
		const own = new RateLimiterMemory(pointsOf(rate));
		if (redis === null) return { name, rate, take: (key) => take(own, key) };
		const shared = new RateLimiterRedis({
			...pointsOf(rate),
			storeClient: redis,
			keyPrefix: `reelay:rate:${name}`,
			rejectIfRedisNotReady: true,
			// What is beyond the limit is refused from memory until the window ends.
			inMemoryBlockOnConsumed: rate.count,
		});
		return {
			name,
			rate,
			take: (key) =>
				outage.ask(
					() => take(shared, key),
					() => take(own, key),
				),
		};
	};
	return {
		writes: limit("writes", writes),
		reads: limit("reads", reads),
		close: () => redis?.disconnect(),
	};
}

function pointsOf({ count, windowS }: Rate) {
	return { points: count, duration: windowS };
}

/** Rejects only when the limiter could not count. */
async function take(limiter: RateLimiterAbstract, key: string): Promise<Taken> {
	const [isAllowed, counted] = await limiter.consume(key).then(
		(left) => [true, left] as const,
		(refusal: unknown) => {
			if (refusal instanceof RateLimiterRes) return [false, refusal] as const;
			throw refusal;
		},
	);
	return {
		isAllowed,
		remaining: counted.remainingPoints,
		resetMs: Math.max(counted.msBeforeNext, 0),
	};
}

/** Asks one way as long as that works, and the other way while it does not. */
function createOutage({
	onAway,
	onBack,
	clock = performance,
}: Pick<RateLimitsOptions, "onAway" | "onBack" | "clock">) {
	let isAway = false;
	let restsUntil = Number.NEGATIVE_INFINITY;
	return {
		async ask<T>(shared: () => Promise<T>, own: () => Promise<T>): Promise<T> {
			const now = clock.now();
			if (isAway && now < restsUntil) return own();
			// One asks whether it is back, and the others do not wait for that.
			if (isAway) restsUntil = now + restMs;
			try {
				const answer = await shared();
				if (isAway) onBack();
				isAway = false;
				return answer;
			} catch (error) {
				if (!isAway) onAway(error);
				isAway = true;
				restsUntil = clock.now() + restMs;
				return own();
			}
		},
	};
}
