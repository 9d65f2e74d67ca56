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
import { createGather } from "../gather/gather.ts";
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
		const own = countTogether(new RateLimiterMemory(pointsOf(rate)));
		if (redis === null) return { name, rate, take: own };
		const shared = countTogether(
			new RateLimiterRedis({
				...pointsOf(rate),
				storeClient: redis,
				keyPrefix: `reelay:rate:${name}`,
				rejectIfRedisNotReady: true,
				// What is beyond the limit is refused from memory until the window ends.
				inMemoryBlockOnConsumed: rate.count,
			}),
		);
		const take: SharedLimit["take"] = (key) =>
			outage.ask(
				() => shared(key),
				() => own(key),
			);
		return { name, rate, take };
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

/**
 * Counts those of a key that come in one turn of the event loop in one go, so that many at once cost one question. Rejects
 * only when the limiter could not count.
 */
function countTogether(limiter: RateLimiterAbstract): SharedLimit["take"] {
	return createGather<string, Taken>({
		nameOf: (key) => key,
		maxItems: Number.POSITIVE_INFINITY,
		// Nobody waits for an answer that somebody else waits for.
		maxInFlight: Number.POSITIVE_INFINITY,
		async flush(keys) {
			const taken = await take(limiter, keys[0] as string, keys.length);
			return taken.map((value) => ({ status: "fulfilled", value }));
		},
	});
}

/** What came of each of so many under a key, in their order. */
async function take(
	limiter: RateLimiterAbstract,
	key: string,
	count: number,
): Promise<Taken[]> {
	const counted = await limiter
		.consume(key, count)
		.catch((refusal: unknown) => {
			if (refusal instanceof RateLimiterRes) return refusal;
			throw refusal;
		});
	// What is refused from memory is counted no more, and says nothing of what was consumed.
	const before =
		counted.consumedPoints === 0
			? limiter.points
			: counted.consumedPoints - count;
	return Array.from({ length: count }, (_, place) => {
		const left = limiter.points - before - place - 1;
		return {
			isAllowed: left >= 0,
			remaining: Math.max(left, 0),
			resetMs: Math.max(counted.msBeforeNext, 0),
		};
	});
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
