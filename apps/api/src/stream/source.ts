import type { FeedPlace } from "@reelay/shared/store/event-feed";

/** Where a reader is; ids decide between entries of one position. */
export type Place = FeedPlace;

/** Negative when `a` comes before `b`, and 0 for one and the same place. */
export function comparePlaces(a: Place, b: Place): number {
	if (a.position !== b.position) return a.position < b.position ? -1 : 1;
	if (a.id === b.id) return 0;
	return a.id < b.id ? -1 : 1;
}

/** One entry, ready to be sent to any number of streams. */
export type Item = {
	place: Place;
	type: string;
	/** Null for a type that was not asked for. */
	bytes: Buffer | null;
	/** What a stream ends with once it has sent this and nothing more is there; null where it goes on. */
	lastWords: Buffer | null;
};

/** What is new of one key: its rows in order, up to where that is all, and whether something before them was removed. */
export type News<Row> = {
	rows: Row[];
	upTo: Place;
	hasMore: boolean;
	hasGap: boolean;
};

/** Something that can be followed: the feeds of tenants, or the timelines of jobs. The key says which one of them. */
export type Source<Row> = {
	kind: "events" | "timeline";
	/** One statement for all readers, with at most `limit` rows for each; `news` has an entry for every reader. */
	read(query: {
		readers: readonly { key: string; after: Place }[];
		types: readonly string[];
		limit: number;
	}): Promise<Map<string, News<Row>>>;
	present(row: Row): Item;
};
