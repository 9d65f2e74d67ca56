/** Pages of lists. One row more is asked for than a page may hold: it is not shown, and says that there is more. */
import { sealCursor } from "./cursor.ts";

type PageOf<Row, View> = { limit: number; present(row: Row): View };

/** A page that an opaque cursor leads on from. */
export function cursorPage<Row extends { id: string | bigint }, View>(
	found: readonly Row[],
	{ limit, present }: PageOf<Row, View>,
) {
	const page = found.slice(0, limit);
	const last = found.length > limit ? page.at(-1) : undefined;
	return {
		data: page.map((row) => present(row)),
		has_more: last !== undefined,
		next_cursor: last === undefined ? null : sealCursor(String(last.id)),
	};
}

/** A page that goes on behind its last row, also once new ones have come. An empty one stays where it began, at `after`. */
export function feedPage<Row, View, Place>(
	found: readonly Row[],
	{
		limit,
		present,
		placeOf,
		after,
	}: PageOf<Row, View> & { placeOf(row: Row): string; after: Place },
) {
	const page = found.slice(0, limit);
	const last = page.at(-1);
	return {
		data: page.map((row) => present(row)),
		has_more: found.length > limit,
		next_after: last === undefined ? after : placeOf(last),
	};
}
