/**
 * One reader for all streams of a kind in this process. While anybody follows, one statement after the other asks what is
 * new for all of them, each `everyMs` after the one before, and what it finds is handed to whoever follows that key.
 *
 * Nobody misses anything at the seam between what they read by themselves and what they are handed: whoever joins says up
 * to where they have read, and the next statement begins there for their key, also if it had been read further already.
 * So a follower may be handed what it has had, and passes it by. A statement that fails is repeated; nothing moves on
 * before one has succeeded.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createLanes, type Follower, type Lane, type Lanes } from "./lanes.ts";
import type { ReadHealth } from "./read-health.ts";
import type { Item, Source } from "./source.ts";

export type Tail = {
	join(follower: Follower): void;
	/** Does nothing for one who does not follow. */
	leave(follower: Follower): void;
	/** Lets everybody go, for good. */
	stop(): void;
};

export type TailOptions = { everyMs: number; health: ReadHealth };

// What one statement may bring into memory, over all keys and for one; each row may be as large as a job's input.
const rowsAtOnce = 500;
const rowsOfOne = { min: 5, max: 100 };
// A database that is away is asked about as often as others ask it.
const retryMs = 1_000;

export function createTail<Row>(
	source: Source<Row>,
	{ everyMs, health }: TailOptions,
): Tail {
	const lanes = createLanes();
	const stopping = new AbortController();
	let isRunning = false;
	const run = async () => {
		const { signal } = stopping;
		while (!signal.aborted && !lanes.isEmpty()) {
			let waitMs = everyMs;
			try {
				const hasMore = await readOnce(source, lanes);
				health.succeeded();
				if (hasMore) waitMs = 0;
			} catch (error) {
				health.failed(error);
				waitMs = retryMs;
			}
			if (waitMs > 0) {
				await delay(waitMs, undefined, { signal }).catch(() => {});
			}
		}
		isRunning = false;
	};
	return {
		join(follower) {
			lanes.join(follower);
			if (isRunning) return;
			isRunning = true;
			void run();
		},
		leave: lanes.leave,
		stop() {
			stopping.abort();
			lanes.leaveAll();
		},
	};
}

/** One statement, and what it found handed over; true when there is more to read at once. */
async function readOnce<Row>(
	source: Source<Row>,
	lanes: Lanes,
): Promise<boolean> {
	const asked = lanes.admit();
	const share = Math.floor(rowsAtOnce / asked.size);
	const news = await source.read({
		readers: [...asked].map(([key, { after }]) => ({ key, after })),
		types: [],
		limit: Math.min(rowsOfOne.max, Math.max(rowsOfOne.min, share)),
	});
	let hasMore = false;
	for (const [key, { rows, upTo, hasMore: more }] of news) {
		lanes.hand(key, asked.get(key) as Lane, {
			upTo,
			items: presentAll(source, rows),
		});
		hasMore ||= more;
	}
	return hasMore;
}

/** Null when a row cannot be shown: whoever follows finds that out by themselves, and nobody else is held up by it. */
function presentAll<Row>(
	source: Source<Row>,
	rows: readonly Row[],
): Item[] | null {
	try {
		return rows.map((row) => source.present(row));
	} catch {
		return null;
	}
}
