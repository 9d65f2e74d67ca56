import { Prisma } from "@reelay/prisma/client";
import type { Database } from "./database.ts";
import {
	inOpenReplay,
	markedFeeds,
	oldBefore,
	type PruneStep,
	withFreshLooks,
} from "./pruned.ts";

/** How many events one statement looks at. */
export const pruneEventsAtOnce = 200;

/**
 * One step over the events, in the order of their ids: those that are older than is kept go with their deliveries and
 * attempts, and the feed's mark moves with them. An event stays while its job is live, while one of its deliveries waits,
 * is held or is being made, and while a replay may send it. Index: event_pkey.
 */
export async function pruneEvents(
	db: Database,
	{ afterId, keepS }: { afterId: string; keepS: number },
): Promise<PruneStep> {
	const before = oldBefore(keepS);
	const page = await db.$queryRaw<{ id: string; is_old: boolean }[]>`
		select id, created_at < ${before} as is_old from event
		where id > ${afterId} order by id limit ${pruneEventsAtOnce}::int`;
	const last = page.at(-1);
	const goesOn = last?.is_old && page.length === pruneEventsAtOnce;
	const ids = page.filter(({ is_old }) => is_old).map(({ id }) => id);
	return {
		lastId: goesOn ? last.id : null,
		rows:
			ids.length === 0
				? {}
				: await withFreshLooks(() => removeEvents(db, ids, before)),
	};
}

/** Removes those that may go. A delivery that a replay adds to one of them meanwhile waits for it, or makes it stay. */
async function removeEvents(
	db: Database,
	ids: readonly string[],
	before: Prisma.Sql,
): Promise<Record<string, number>> {
	const goneIds = Prisma.sql`array(select id from target)`;
	const [rows] = await db.$queryRaw<Record<string, number>[]>`
		with held as materialized (
			select event.id from event
			where event.id = any(${[...ids]}::text[]) and event.created_at < ${before} and not ${inOpenReplay}
				and not exists (select from job where job.id = event.job_id and live)
			order by event.id for update of event skip locked),
		owed as materialized (
			select delivery.id, event_id from delivery, (select count(*) from held) as locked
			where event_id = any(array(select id from held)) and finished_at is not null
			order by delivery.id for update of delivery skip locked),
		target as materialized (
			select id from held where (select count(*) from owed where event_id = held.id)
				= (select count(*) from delivery where event_id = held.id)),
		attempt_gone as (
			delete from attempt where delivery_id = any(array(
				select owed.id from owed join target on target.id = event_id)) returning 1),
		delivery_gone as (
			delete from delivery where delivery.id = any(array(
				select owed.id from owed join target on target.id = event_id)) returning 1),
		event_gone as (
			delete from event where id = any(${goneIds}) returning tenant_id, position, id, is_test),
		${markedFeeds}
		select (select count(*)::int from event_gone) as event, (select count(*)::int from delivery_gone) as delivery,
			(select count(*)::int from attempt_gone) as attempt`;
	return rows ?? {};
}
