import type { Database } from "@reelay/shared/store/database";
import { recordKeyUse } from "@reelay/shared/store/keys";
import { LRUCache } from "lru-cache";

/** Remembers which keys were used, for whoever asks whether one still is. */
export type KeyUse = {
	/** Called with each request; costs two looks into a map. */
	touch(keyId: string): void;
	/** Writes what is due; called by itself every few seconds while there is something, and never at the same time twice. */
	flush(): Promise<void>;
	/** Writes everything that is not written yet, and nothing after it. */
	close(): Promise<void>;
};

export type KeyUseDeps = {
	/** The connections of writes, of which it takes one for a moment, at most once in `everyMs`. */
	db: Database;
	/** Hears of a write that failed: it is tried again, and costs nothing but accuracy. */
	onFailure: (error: unknown) => void;
	clock?: { now(): number };
	everyMs?: number;
};

// A key is written down at most this often by this process, and soon after it was used for the first time.
const rememberMs = 60_000;
const usualEveryMs = 5_000;
// More keys than this in use at once are forgotten in their order: they are written down at their next use.
const maxKeys = 10_000;

/** Writes down when keys were used, in batches beside the requests. A process that dies forgets a minute of it. */
export function createKeyUse({
	db,
	onFailure,
	clock = performance,
	everyMs = usualEveryMs,
}: KeyUseDeps): KeyUse {
	const usedAt = new LRUCache<string, number>({ max: maxKeys });
	const written = new LRUCache<string, true>({
		max: maxKeys,
		ttl: rememberMs,
		perf: clock,
	});
	let timer: NodeJS.Timeout | undefined;
	let writing: Promise<void> = Promise.resolve();
	let isClosed = false;

	async function write(isDue: (keyId: string) => boolean): Promise<void> {
		const now = clock.now();
		const due = [...usedAt].filter(([keyId]) => isDue(keyId));
		if (due.length === 0) return;
		for (const [keyId] of due) usedAt.delete(keyId);
		const used = due.map(([keyId, at]) => ({ keyId, agoMs: now - at }));
		try {
			await recordKeyUse(db, used);
			for (const { keyId } of used) written.set(keyId, true);
		} catch (error) {
			onFailure(error);
			for (const [keyId, at] of due) {
				if (!usedAt.has(keyId)) usedAt.set(keyId, at);
			}
		}
	}
	const writeInTurn = (isDue: (keyId: string) => boolean) => {
		writing = writing.then(() => write(isDue));
		return writing;
	};
	const flush = () => writeInTurn((keyId) => !written.has(keyId));
	function wake(): void {
		if (isClosed || usedAt.size === 0) return;
		timer ??= setTimeout(async () => {
			await flush();
			timer = undefined;
			wake();
		}, everyMs).unref();
	}
	return {
		touch(keyId) {
			usedAt.set(keyId, clock.now());
			wake();
		},
		flush,
		async close() {
			isClosed = true;
			clearTimeout(timer);
			await writeInTurn(() => true);
		},
	};
}
