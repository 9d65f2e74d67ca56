/** What the statements that remove rows have in common. */
import { Prisma } from "@reelay/prisma/client";
import { isForeignKeyViolation } from "./database.ts";

/** One bounded step: the id behind which the next one goes on, or null when nothing older follows; and rows removed, by table. */
export type PruneStep = { lastId: string | null; rows: Record<string, number> };

/** The instant before which a row is old. */
export const oldBefore = (keepS: number): Prisma.Sql =>
	Prisma.sql`(now() - make_interval(secs => ${keepS}::float8))`;

const maxLooks = 5;

/**
 * Removes, with a fresh look where a row came between a look and its locks, such as a line of a timeline: the statement did not
 * see it, and a foreign key undid all of it. The next look removes it too, or leaves what it belongs to.
 */
export async function withFreshLooks<T>(remove: () => Promise<T>): Promise<T> {
	for (let looks = 1; ; looks += 1) {
		try {
			return await remove();
		} catch (error) {
			if (looks === maxLooks || !isForeignKeyViolation(error)) throw error;
		}
	}
}

/** Whether the row `event` may still be sent by a replay that runs or is paused. Index: replay_open_idx. */
export const inOpenReplay = Prisma.sql`exists (
	select from replay where replay.tenant_id = event.tenant_id and replay.finished_at is null
		and event.created_at between replay.since and replay.until)`;

/**
 * The CTE that keeps for each tenant which event of its feed was the last to be removed, of those in the CTE `event_gone`:
 * whoever has read that far has missed nothing. Tests of an endpoint are in no feed. In one order, as all who write several.
 */
export const markedFeeds = Prisma.sql`
	feed_marked as (
		insert into feed_mark (tenant_id, position, event_id)
		select distinct on (tenant_id) tenant_id, position, id from event_gone where not is_test
		order by tenant_id, position desc, id desc
		on conflict (tenant_id) do update set position = excluded.position, event_id = excluded.event_id
		where (excluded.position, excluded.event_id) > (feed_mark.position, feed_mark.event_id)
		returning 1)`;
