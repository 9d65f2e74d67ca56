import { Prisma } from "@reelay/prisma/client";
import type { EventRecord } from "../domain/delivery-record.ts";
import type { Database } from "./database.ts";

/** Where a reader of the feed is: behind an event of this tenant. */
export type FeedPlace = { position: bigint; id: string };

/** Before the first event of every tenant. */
export const feedStart: FeedPlace = { position: 0n, id: "" };

/** Below every transaction that may still commit an event: what is read up to here can never grow. */
const horizon = Prisma.sql`
	(select base + pg_snapshot_xmin(pg_current_snapshot())::text::bigint from event_clock)`;

/**
 * The place behind an event of the tenant; null when it has none of that id. `removed` when what comes behind it is not all
 * there any more: then whoever goes on from there would miss something and not hear of it. The last event that was removed
 * is a place like any other, because everything behind it is kept.
 */
export async function findFeedPlace(
	db: Database,
	tenantId: string,
	eventId: string,
): Promise<FeedPlace | "removed" | null> {
	const rows = await db.$queryRaw<
		{
			found: bigint | null;
			removed: bigint | null;
			removed_id: string | null;
		}[]
	>`
		select event.position as found, feed_mark.position as removed, feed_mark.event_id as removed_id
		from (select) as one
			left join feed_mark on feed_mark.tenant_id = ${tenantId}
			left join event on event.id = ${eventId} and event.tenant_id = ${tenantId}`;
	const { found = null, removed = null, removed_id } = rows[0] ?? {};
	const mark =
		removed === null || !removed_id
			? null
			: { position: removed, id: removed_id };
	if (found === null) {
		if (mark === null || eventId > mark.id) return null;
		return eventId === mark.id ? mark : "removed";
	}
	const place = { position: found, id: eventId };
	return mark !== null && isBehind(mark, place) ? "removed" : place;
}

/** Whether anything was removed from the tenant's feed, so that whoever has read nothing cannot read all of it. */
export async function wasFeedShortened(
	db: Database,
	tenantId: string,
): Promise<boolean> {
	const rows = await db.$queryRaw<unknown[]>`
		select 1 as one from feed_mark where tenant_id = ${tenantId}`;
	return rows.length > 0;
}

function isBehind(one: FeedPlace, other: FeedPlace): boolean {
	return (
		one.position > other.position ||
		(one.position === other.position && one.id > other.id)
	);
}

/** The place behind the newest event of a tenant that can be read, or the start where there is none. Index: event_feed_idx. */
export async function findFeedEnd(
	db: Database,
	tenantId: string,
): Promise<FeedPlace> {
	const rows = await db.$queryRaw<FeedPlace[]>`
		select position, id from event where tenant_id = ${tenantId} and position < ${horizon}
		order by position desc, id desc limit 1`;
	return rows[0] ?? feedStart;
}

/**
 * The next events of a tenant, in an order that never changes: none is ever added before one that was read, whichever
 * statement commits first. A transaction that writes and stays open holds the feed up, for every reader and without a
 * loss. Samples that somebody asked for are left out. Index: event_feed_idx.
 */
export async function listFeed(
	db: Database,
	query: {
		tenantId: string;
		after: FeedPlace;
		types: readonly string[];
		limit: number;
	},
): Promise<EventRecord[]> {
	const { tenantId, after, types, limit } = query;
	const ofTypes =
		types.length === 0
			? Prisma.empty
			: Prisma.sql`and type = any(${[...types]}::text[])`;
	return db.$queryRaw<EventRecord[]>`
		select id, type, job_id, snapshot, created_at as at, is_test from event
		where tenant_id = ${tenantId} and (position, id) > (${after.position}::bigint, ${after.id}) and position < ${horizon} and not is_test ${ofTypes}
		order by position, id limit ${limit}::int`;
}

/** One event on its way to those who follow a feed; null where its type is none of those that were asked for. */
export type FeedRow = FeedPlace & {
	tenant_id: string;
	type: string;
	event: EventRecord | null;
	/** Whether its reader, who had begun somewhere, has missed something before it that was removed. */
	has_gap: boolean;
};

/**
 * The next events behind the places of several readers, each of another tenant, in one statement: at most `limit` for
 * each, those of other types included, so that it is as short for a reader who asks for what hardly ever happens. Whoever
 * was given fewer than `limit` has read everything before `end`; the order, and what is left out, are those of `listFeed`.
 * Index: event_feed_idx, entered once for each reader.
 */
export async function listFeeds(
	db: Database,
	query: {
		readers: readonly { tenantId: string; after: FeedPlace }[];
		types: readonly string[];
		limit: number;
	},
): Promise<{ rows: FeedRow[]; end: FeedPlace }> {
	const { readers, types, limit } = query;
	// What nobody asked for is not worth its snapshot, which may be large.
	const snapshot =
		types.length === 0
			? Prisma.sql`snapshot`
			: Prisma.sql`case when type = any(${[...types]}::text[]) then snapshot end as snapshot`;
	const found = await db.$queryRaw<
		(EventRecord &
			FeedPlace & {
				tenant_id: string | null;
				has_gap: boolean;
				snapshot: EventRecord["snapshot"] | null;
				horizon: bigint;
			})[]
	>`
		with clock as materialized (select ${horizon} as horizon)
		select horizon, news.* from clock left join lateral (
			select reader.tenant_id, reader.position > 0 and exists (select from feed_mark as mark
				where mark.tenant_id = reader.tenant_id and (mark.position, mark.event_id) > (reader.position, reader.id))
				as has_gap, event.* from unnest(
				${readers.map(({ tenantId }) => tenantId)}::text[],
				${readers.map(({ after }) => String(after.position))}::text[]::bigint[],
				${readers.map(({ after }) => after.id)}::text[]) as reader (tenant_id, position, id)
			cross join lateral (
				select position, id, type, job_id, ${snapshot}, created_at as at, is_test from event
				where event.tenant_id = reader.tenant_id and (event.position, event.id) > (reader.position, reader.id)
					and event.position < horizon and not is_test
				order by event.position, event.id limit ${limit}::int) as event) as news on true
		order by position, id`;
	const end = { position: found[0]?.horizon ?? feedStart.position, id: "" };
	const rows: FeedRow[] = [];
	for (const { tenant_id, position, has_gap, horizon: _, ...event } of found) {
		// The one row of a statement that found nothing.
		if (tenant_id === null) continue;
		rows.push({
			tenant_id,
			position,
			has_gap,
			id: event.id,
			type: event.type,
			event: event.snapshot === null ? null : event,
		});
	}
	return { rows, end };
}

/**
 * Lets positions grow on where the newest event has one that this cluster's transactions have not reached, as after a
 * dump was restored into another. Called when a process starts; returns whether it was needed.
 */
export async function ensureEventClock(db: Database): Promise<boolean> {
	const moved = await db.$executeRaw`
		with newest as (select max(position) as position from (select position from event order by id desc limit 1000) as e),
		clock as (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as now)
		update event_clock set base = newest.position - clock.now + 1
		from newest, clock where newest.position >= event_clock.base + clock.now`;
	return moved > 0;
}
