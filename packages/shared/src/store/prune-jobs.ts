/**
 * Removes jobs that ended long ago, each with everything that hangs from it. What they cost is added to the sums of their day
 * in the same statement, so that no look at the usage or at a budget sees a job twice, or not at all.
 *
 * It locks submissions, then jobs, then deliveries, and skips what somebody else holds: it never waits for a writer, and a
 * late callback that waits for it finds no submission any more. Whatever could still change stays whole.
 */
import { Prisma } from "@reelay/prisma/client";
import { idempotencyWindowS } from "../domain/deadline.ts";
import type { Database } from "./database.ts";
import {
	inOpenReplay,
	markedFeeds,
	oldBefore,
	type PruneStep,
	withFreshLooks,
} from "./pruned.ts";

/** How many jobs, and how many batches of up to a hundred, one statement looks at. */
export const pruneJobsAtOnce = 100;
export const pruneBatchesAtOnce = 2;

/** One step over the jobs that are in no batch, in the order of their ids. Index: job_pkey. */
export async function pruneJobs(
	db: Database,
	{ afterId, keepS }: { afterId: string; keepS: number },
): Promise<PruneStep> {
	const page = await db.$queryRaw<
		{ id: string; is_ripe: boolean; is_old: boolean }[]
	>`
		select id, created_at < ${oldBefore(keepS)} as is_old,
			coalesce(batch_id is null and charged <> 'possible' and finished_at < ${oldBefore(keepS)}, false) as is_ripe
		from job where id > ${afterId} order by id limit ${pruneJobsAtOnce}::int`;
	const ids = page.filter((job) => job.is_ripe).map(({ id }) => id);
	return {
		lastId: behind(page, pruneJobsAtOnce),
		rows: await withFreshLooks(() =>
			removeJobs(db, { ids, batchIds: [], keepS }),
		),
	};
}

/**
 * The same over batches: one goes with all its jobs or stays with all of them, so that what it adds up to is never wrong.
 * Index: batch_pkey.
 */
export async function pruneBatches(
	db: Database,
	{ afterId, keepS }: { afterId: string; keepS: number },
): Promise<PruneStep> {
	const page = await db.$queryRaw<
		{ id: string; is_old: boolean; jobs: string[] }[]
	>`
		select id, created_at < ${oldBefore(keepS)} as is_old,
			array(select job.id from job where batch_id = batch.id order by job.id) as jobs
		from batch where id > ${afterId} order by id limit ${pruneBatchesAtOnce}::int`;
	const old = page.filter((batch) => batch.is_old);
	const batchIds = old.map(({ id }) => id);
	const ids = old.flatMap(({ jobs }) => jobs);
	return {
		lastId: behind(page, pruneBatchesAtOnce),
		rows: await withFreshLooks(() => removeJobs(db, { ids, batchIds, keepS })),
	};
}

/** Null when nothing older follows: behind the first that is too young all are, for none ends before it is made. */
function behind(
	page: readonly { id: string; is_old: boolean }[],
	limit: number,
): string | null {
	const last = page.at(-1);
	return last?.is_old && page.length === limit ? last.id : null;
}

/** Removes those of the jobs that may go, and the batches that are then empty. Twice the same removes nothing more. */
async function removeJobs(
	db: Database,
	chosen: {
		ids: readonly string[];
		batchIds: readonly string[];
		keepS: number;
	},
): Promise<Record<string, number>> {
	const { ids, batchIds } = chosen;
	if (ids.length === 0 && batchIds.length === 0) return {};
	const [rows] = await db.$queryRaw<Record<string, number>[]>`
		with ${chosenJobs(chosen)},
		${removedDeliveries},
		event_gone as (
			delete from event where job_id = any(${goneIds}) returning tenant_id, position, id, is_test),
		${markedFeeds},
		timeline_gone as (delete from timeline where job_id = any(${goneIds}) returning 1),
		callback_gone as (
			delete from callback where submission_id = any(array(
				select line.id from line join target on target.id = line.job_id)) returning 1),
		submission_gone as (delete from submission where job_id = any(${goneIds}) returning 1),
		own_label as materialized (
			select tenant_id, label, id from target, labels_of(tags, metadata) as label),
		label_gone as (
			delete from job_label using own_label as own
			where job_label.tenant_id = own.tenant_id and job_label.label = own.label and job_id = own.id returning 1),
		${summedUp},
		batch_gone as (
			delete from batch where id = any(${[...batchIds]}::text[]) and finished_at < ${oldBefore(chosen.keepS)}
				and created_at < ${oldBefore(idempotencyWindowS)}
				and not exists (select from job where batch_id = batch.id and not job.id = any(${goneIds}))
			returning 1),
		job_gone as (delete from job where id = any(${goneIds}) returning 1)
		select (select count(*)::int from job_gone) as job, (select count(*)::int from batch_gone) as batch,
			(select count(*)::int from submission_gone) as submission, (select count(*)::int from callback_gone) as callback,
			(select count(*)::int from timeline_gone) as timeline, (select count(*)::int from label_gone) as job_label,
			(select count(*)::int from event_gone) as event, (select count(*)::int from delivery_gone) as delivery,
			(select count(*)::int from attempt_gone) as attempt`;
	return rows ?? {};
}

// As arrays, so that each is looked up in an index, however many the planner would expect of a join.
const goneIds = Prisma.sql`array(select id from target)`;

/**
 * The CTE `target`: those of the jobs that nothing can change or ask for any more, held. Not a live one, nor one with a live
 * submission, or one for which nobody knows whether it was charged; not one of which something is still to be delivered, or
 * may be by a replay; and of a batch all or none.
 */
const chosenJobs = ({
	ids,
	keepS,
}: {
	ids: readonly string[];
	keepS: number;
}): Prisma.Sql => Prisma.sql`
	line as materialized (
		select id, job_id from submission where job_id = any(${[...ids]}::text[]) and not live and charged <> 'possible'
		order by id for update skip locked),
	held as materialized (
		select job.* from job, (select count(*) from line) as locked
		where job.id = any(${[...ids]}::text[]) and not live and finished_at < ${oldBefore(keepS)}
			and created_at < ${oldBefore(idempotencyWindowS)} and charged <> 'possible'
			and (select count(*) from submission where job_id = job.id) = (select count(*) from line where job_id = job.id)
			and not exists (select from event where event.job_id = job.id and ${inOpenReplay})
		order by job.id for update of job skip locked),
	owed as materialized (
		select delivery.id, event.job_id from event join delivery on event_id = event.id
		where event.job_id = any(array(select id from held)) and delivery.finished_at is not null
		order by delivery.id for update of delivery skip locked),
	whole as materialized (
		select * from held where (select count(*) from owed where job_id = held.id)
			= (select count(*) from event join delivery on event_id = event.id where event.job_id = held.id)),
	target as materialized (
		select * from whole where batch_id is null
			or (exists (select from batch where batch.id = whole.batch_id and batch.finished_at < ${oldBefore(keepS)})
				and (select count(*) from job where batch_id = whole.batch_id)
					= (select count(*) from whole as other where other.batch_id = whole.batch_id)))`;

const removedDeliveries = Prisma.sql`
	sent as materialized (select owed.id from owed join target on target.id = owed.job_id),
	attempt_gone as (delete from attempt where delivery_id = any(array(select id from sent)) returning 1),
	delivery_gone as (delete from delivery where id = any(array(select id from sent)) returning 1)`;

/** The sums that stay; `findUsage` counts by the same words. In one order, so that no two who add wait for each other. */
const summedUp = Prisma.sql`
	summed_up as (
		insert into usage_day as day (tenant_id, day, mode, state, key_id, tags_sha, tags, jobs, submissions, video_seconds,
			spent_points)
		select tenant_id, (created_at at time zone 'UTC')::date as day, mode, state, coalesce(key_id, '') as key_id,
			sha256(convert_to(to_json(tags)::text, 'UTF8')) as tags_sha, tags, count(*), sum(submission_seq),
			coalesce(sum(video_seconds) filter (where state = 'succeeded'), 0),
			coalesce(sum(job_used_points(live, charged, cost_points, estimate_points)) filter (where charged = 'yes'), 0)
		from target group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 4, 5, 6
		on conflict (tenant_id, day, mode, state, key_id, tags_sha) do update set
			jobs = day.jobs + excluded.jobs, submissions = day.submissions + excluded.submissions,
			video_seconds = day.video_seconds + excluded.video_seconds,
			spent_points = day.spent_points + excluded.spent_points
		returning 1)`;
