import { setTimeout as delay } from "node:timers/promises";

/** Asks until the answer is yes; throws after so long. */
export async function until(
	what: string,
	isSo: () => Promise<boolean>,
	timeoutMs = 120_000,
): Promise<void> {
	for (const end = Date.now() + timeoutMs; Date.now() < end; await delay(50)) {
		if (await isSo()) return;
	}
	throw new Error(`after ${timeoutMs / 1000} s it was still not so: ${what}`);
}
