import { setTimeout as delay } from "node:timers/promises";

/** A part of BullMQ: it sets itself up once, and is of no use for ever when that has failed. */
type Part = {
	waitUntilReady(): Promise<unknown>;
	close(): Promise<unknown>;
};

export type Reopening<Opened extends Part> = {
	/** The part once it is ready. Rejects when it could not set itself up; the next call tries with a new one. */
	ready(): Promise<Opened>;
	close(): Promise<void>;
};

/** Opens at once, and again at the next call of `ready` whenever setting up has failed. */
export function openAgainUntilReady<Opened extends Part>(
	open: () => Opened,
): Reopening<Opened> {
	let part: Opened | null = open();
	return {
		async ready() {
			part ??= open();
			const opened = part;
			try {
				await opened.waitUntilReady();
				return opened;
			} catch (error) {
				// Several callers may wait for one; the first to hear of it throws it away.
				if (part === opened) part = null;
				await opened.close().catch(() => {});
				throw error;
			}
		},
		async close() {
			await part?.close();
		},
	};
}

const retryEveryMs = 1_000;

/** Keeps trying until the part is ready, or `signal` says that nobody waits for it any more. */
export async function persist(
	part: Reopening<Part>,
	signal: AbortSignal,
): Promise<void> {
	while (!signal.aborted) {
		try {
			await part.ready();
			return;
		} catch {
			await delay(retryEveryMs, null, { signal }).catch(() => {});
		}
	}
}
