import { Prisma } from "@reelay/prisma/client";
import type { EventRecord } from "../domain/delivery-record.ts";
import type { Database } from "./database.ts";

/** Where a reader of the feed is: behind an event of this tenant. */
export type FeedPlace = { position: bigint; id: string };

/** Below every transaction that may still commit an event: what is read up to here can never grow. */
const horizon = Prisma.sql`
	(select base + pg_snapshot_xmin(pg_current_snapshot())::text::bigint from event_clock)`;

/** The place behind an event, or null when this tenant has none of that id. */
export async function findFeedPlace(
	db: Database,
	tenantId: string,
	eventId: string,
): Promise<FeedPlace | null> {
	const rows = await db.$queryRaw<FeedPlace[]>`
		select position, id from event where id = ${eventId} and tenant_id = ${tenantId}`;
	return rows[0] ?? null;
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
		after: FeedPlace | null;
		types: readonly string[];
		limit: number;
	},
): Promise<EventRecord[]> {
	const { tenantId, after, types, limit } = query;
	const behind =
		after === null
			? Prisma.empty
			: Prisma.sql`and (position, id) > (${after.position}::bigint, ${after.id})`;
	const ofTypes =
		types.length === 0
			? Prisma.empty
			: Prisma.sql`and type = any(${[...types]}::text[])`;
	return db.$queryRaw<EventRecord[]>`
		select id, type, job_id, snapshot, created_at as at, is_test from event
		where tenant_id = ${tenantId} ${behind} and position < ${horizon} and not is_test ${ofTypes}
		order by position, id limit ${limit}::int`;
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
