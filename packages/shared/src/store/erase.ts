import { Prisma } from "@reelay/prisma/client";
import { overdueGraceS } from "../domain/deadline.ts";
import type { JobRecord } from "../domain/job-record.ts";
import type { Database } from "./database.ts";

// A callback may still come for as long as an overdue job is waited for; after twice that long nobody sends one.
const eraseAgainS = 2 * overdueGraceS;

const erasedMessage = "The content of this job was erased.";

/** What the provider made, without the video. */
const erasedOutput = (output: Prisma.Sql): Prisma.Sql =>
	Prisma.sql`${output} || '{"result_urls": []}'`;

/** Why there is no video, without a word of what was asked for. */
const erasedError = (error: Prisma.Sql): Prisma.Sql => Prisma.sql`
	${error} || jsonb_build_object('message', ${erasedMessage}::text, 'provider', null)`;

/** A part of a snapshot, if it is there, as it is when erased. */
const ifObject = (value: Prisma.Sql, erased: Prisma.Sql): Prisma.Sql =>
	Prisma.sql`case when jsonb_typeof(${value}) = 'object' then ${erased} else 'null' end`;

const snapshotResult = Prisma.sql`(snapshot->'result')`;
const snapshotError = Prisma.sql`(snapshot->'error')`;

/**
 * The CTEs that erase what the jobs of the CTE `target` hold of their customer's: prompts, inputs, results, what the
 * provider said, and what they were found by. What is left are the facts about money: states, points, instants and the
 * provider's task ids. Deliveries that are still owed are sent, without the content.
 */
const erasure = Prisma.sql`
	erased as (
		update job set input = '{}', warnings = '[]', metadata = '{}', tags = '{}', external_id = null, webhook_url = null,
			result = ${erasedOutput(Prisma.sql`job.result`)}, error = ${erasedError(Prisma.sql`job.error`)},
			erased_at = coalesce(job.erased_at, now()), updated_at = now(),
			erase_again_at = case when job.erased_at is null then now() + make_interval(secs => ${eraseAgainS}::int) end
		from target where job.id = target.id
		returning job.*),
	unlabelled as (
		delete from job_label using target, labels_of(target.tags, target.metadata) as own
		where job_label.tenant_id = target.tenant_id and label = own and job_id = target.id),
	submissions_erased as (
		update submission set output = ${erasedOutput(Prisma.sql`output`)}, error = ${erasedError(Prisma.sql`error`)}
		from lines where submission.id = lines.id and exists (select from target where target.id = lines.job_id)),
	callbacks_erased as (
		update callback set body = '' from lines
		where submission_id = lines.id and exists (select from target where target.id = lines.job_id)),
	events_erased as (
		update event set snapshot = snapshot || jsonb_build_object('input', '{}'::jsonb, 'warnings', '[]'::jsonb,
			'metadata', '{}'::jsonb, 'tags', '[]'::jsonb, 'external_id', null, 'webhook_url', null,
			'result', ${ifObject(snapshotResult, erasedOutput(snapshotResult))},
			'error', ${ifObject(snapshotError, erasedError(snapshotError))}, 'erased_at', now())
		from target where event.job_id = target.id),
	words_erased as (
		update audit set data = data - 'urls' - 'note' from target
		where audit.tenant_id = target.tenant_id and audit.target = target.id)`;

/**
 * Erases the content of a job that has ended, and returns what is left; null when it has not ended, or is not the tenant's.
 * Doing it again changes nothing more. It locks submissions before the job, as every other writer does.
 */
export async function eraseJob(
	db: Database,
	tenantId: string,
	id: string,
): Promise<JobRecord | null> {
	const rows = await db.$queryRaw<JobRecord[]>`
		with lines as materialized (
			select submission.id, job_id from submission join job on job.id = job_id
			where job_id = ${id} and tenant_id = ${tenantId} and not job.live order by submission.id for update of submission),
		target as materialized (
			select job.* from job, (select count(*) from lines) as locked
			where job.id = ${id} and tenant_id = ${tenantId} and not live for update of job),
		told as (
			insert into timeline (job_id, type) select id, 'erased' from target where erased_at is null),
		${erasure}
		select * from erased`;
	return rows[0] ?? null;
}

/**
 * Erases once more what was erased two days ago: a callback that came meanwhile has brought something back. Returns how
 * many jobs there were. Index: job_erase_again_idx.
 */
export async function eraseAgain(db: Database, limit: number): Promise<number> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		with due as materialized (
			select id from job where erase_again_at < now() order by erase_again_at limit ${limit}::int),
		lines as materialized (
			select submission.id, job_id from submission join due on due.id = job_id
			order by submission.id for update of submission),
		target as materialized (
			select job.* from job, (select count(*) from lines) as locked
			where job.id in (select id from due) and erase_again_at < now() for update of job skip locked),
		${erasure}
		select id from erased`;
	return rows.length;
}
