import { setTimeout as delay } from "node:timers/promises";
import type { LimitFunction } from "p-limit";
import type { Connection } from "./connection.ts";
import type { ReadHealth } from "./read-health.ts";
import {
	comparePlaces,
	type Item,
	type News,
	type Place,
	type Source,
} from "./source.ts";
import { commentOf } from "./sse.ts";
import type { Tail } from "./tail.ts";

/** What one stream shows, and from where on. */
export type Following = {
	key: string;
	/** None is all of them. */
	types: readonly string[];
	from: Place;
	/** What the stream ends with when nothing more is there; null where it goes on. */
	lastWords: Buffer | null;
};

export type FollowDeps<Row> = {
	source: Source<Row>;
	tail: Tail;
	/** Of those who read by themselves, so that many who come back at once leave connections to others. */
	turns: LimitFunction;
	health: ReadHealth;
};

// A page by oneself; one that leaves types out may be longer, for it brings little into memory.
const pageRows = { all: 50, some: 500 };
const retryMs = 1_000;
// Whoever comes back behind the last id that it has had is told what that means.
const gapWords = commentOf("what comes next has been removed, connect again");

/**
 * Sends what there is, page by page, then what comes, until the connection ends. A client that does not take what it is
 * sent is first left to itself: the tail hands it nothing more, nothing is read for it, and once it has taken everything
 * it goes on behind that. So of each stream no more lies in memory than its connection may hold.
 */
export async function follow<Row>(
	deps: FollowDeps<Row>,
	connection: Connection,
	following: Following,
): Promise<void> {
	const reader = createReader(connection, following);
	const { key, types } = following;
	const most = types.length === 0 ? pageRows.all : pageRows.some;
	let limit = most;
	while (!connection.ended.aborted) {
		await connection.drained();
		const readers = [{ key, after: reader.place() }];
		const query = { readers, types, limit };
		const news = await readPage(deps, connection.ended, query);
		if (news === null || connection.ended.aborted) continue;
		if (news.hasGap) return connection.end(gapWords);
		const items = news.rows.map((row) => deps.source.present(row));
		if (!reader.take(items)) {
			// What did not fit is read again: large events come in small pages.
			limit = Math.ceil(limit / 2);
			continue;
		}
		limit = Math.min(most, limit * 2);
		reader.moveTo(news.upTo);
		if (news.hasMore || reader.endIfOver()) continue;
		await followTail(deps.tail, connection.ended, {
			key,
			from: reader.place(),
			take: (items) => reader.take(items) && !reader.endIfOver(),
		});
	}
}

/** One page, or null when none was to be had; then it has waited before it may be asked for again. */
async function readPage<Row>(
	{ source, turns, health }: FollowDeps<Row>,
	ended: AbortSignal,
	query: Parameters<Source<Row>["read"]>[0],
): Promise<News<Row> | null> {
	try {
		const news = await turns(async () =>
			// Its client may have gone while it waited for its turn.
			ended.aborted ? null : source.read(query),
		);
		if (news === null) return null;
		health.succeeded();
		return [...news.values()][0] ?? null;
	} catch (error) {
		health.failed(error);
		await delay(retryMs, undefined, { signal: ended }).catch(() => {});
		return null;
	}
}

/** Settles when the tail hands nothing more: the connection has ended, or has no more room. */
function followTail(
	tail: Tail,
	ended: AbortSignal,
	follower: { key: string; from: Place; take(items: readonly Item[]): boolean },
): Promise<void> {
	return new Promise((resolve) => {
		const leave = () => tail.leave(joined);
		const joined = {
			...follower,
			letGo() {
				ended.removeEventListener("abort", leave);
				resolve();
			},
		};
		ended.addEventListener("abort", leave);
		tail.join(joined);
	});
}

/** Keeps the place of a stream, and lets pass what is behind it, of a type that was asked for, and fits. */
function createReader(
	connection: Connection,
	{ types, from, lastWords }: Following,
) {
	let place = from;
	let end = lastWords;
	return {
		place: () => place,
		moveTo(next: Place) {
			if (comparePlaces(place, next) < 0) place = next;
		},
		/** False when the connection had no room for all of them. */
		take(items: readonly Item[]): boolean {
			for (const item of items) {
				if (comparePlaces(item.place, place) <= 0) continue;
				const { bytes, type } = item;
				if (bytes !== null && (types.length === 0 || types.includes(type))) {
					if (!connection.hasRoom()) return false;
					connection.send(bytes);
				}
				place = item.place;
				end ??= item.lastWords;
			}
			return true;
		},
		/** Ends the stream when it has come to its end. */
		endIfOver(): boolean {
			if (end !== null) connection.end(end);
			return end !== null;
		},
	};
}
