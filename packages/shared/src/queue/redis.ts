import { Redis, type RedisOptions } from "ioredis";

// A connection that owes an answer for this long is dead, although nobody has closed it, and is replaced. The kernel
// would need a quarter of an hour to see that. BullMQ's longest wait for a ring is ten seconds.
const silenceMs = 15_000;

/** A connection that comes back by itself, at most every two seconds, so that an outage ends for us as soon as it ends. */
export function openRedis(
	url: string,
	options: Pick<
		RedisOptions,
		| "autoResendUnfulfilledCommands"
		| "enableOfflineQueue"
		| "maxRetriesPerRequest"
		| "commandTimeout"
	>,
): Redis {
	return new Redis(url, {
		connectTimeout: 5_000,
		socketTimeout: silenceMs,
		retryStrategy: (times: number) =>
			Math.min(50 * 2 ** Math.min(times, 6), 2_000),
		...options,
	});
}
