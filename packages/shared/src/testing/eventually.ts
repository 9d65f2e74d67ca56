import { setTimeout as delay } from "node:timers/promises";

const defaultTimeoutMs = 15_000;
const defaultEveryMs = 50;

/**
 * Waits until the assertion holds and returns its value; at the deadline it throws what the assertion last threw. For
 * things that another process does; what this process does is awaited instead.
 */
export async function eventually<Value>(
	assertion: () => Value | Promise<Value>,
	{ timeoutMs = defaultTimeoutMs, everyMs = defaultEveryMs } = {},
): Promise<Value> {
	const giveUpAt = Date.now() + timeoutMs;
	for (;;) {
		try {
			return await assertion();
		} catch (error) {
			if (Date.now() > giveUpAt) throw error;
		}
		await delay(everyMs);
	}
}
