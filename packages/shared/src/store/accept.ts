import { Prisma } from "@reelay/prisma/client";
import type { JsonObject } from "../domain/actions/action.ts";
import { maxBatchSize } from "../domain/batch.ts";
import type { BatchRecord } from "../domain/batch-record.ts";
import type { JobRecord } from "../domain/job-record.ts";
import { type Database, isUniqueViolation } from "./database.ts";
import { eventsOnTheWay } from "./events.ts";
import { acceptedJob, type Birth, type NewJob } from "./new-job.ts";
import { jsonb } from "./sql.ts";

export type { NewJob } from "./new-job.ts";

/** A validated batch, before the database gives it an id. */
export type NewBatch = {
	tenantId: string;
	idempotencyKey: string | null;
	fingerprint: Buffer;
	metadata: JsonObject;
	webhookUrl: string | null;
};

/**
 * Writes the job and the first line of its timeline, and returns it; null when its idempotency key, its external id or the
 * job that it tries again is taken. The row counts as rung for, because the caller rings after the commit; a lost ring costs
 * latency only. What was in the way is told by a second statement: inside this one, a concurrent winner's row would not be
 * visible yet. A job that a budget does not allow is an error that `findBudgetExcess` reads, and nothing of it is written.
 */
export async function insertJob(
	db: Database,
	job: NewJob,
): Promise<JobRecord | null> {
	const [inserted = null] = await insertJobs(db, [job]);
	return inserted;
}

/**
 * Writes several jobs of one tenant in one statement: all of them are committed, or none is. What comes of each is told by
 * its place, as `insertJob` tells it of one.
 */
export async function insertJobs(
	db: Database,
	jobs: readonly NewJob[],
): Promise<(JobRecord | null)[]> {
	const rows = await db.$queryRaw<(Birth & { n: number })[]>`
		with ${asked(jobs)}, ${born(Prisma.sql`null`)}
		select asked.n, born.id, born.created_at, born.not_before, born.start_by from born join asked on asked.id = born.id`;
	const births = new Map(rows.map((birth) => [birth.n, birth]));
	return jobs.map((job, n) => {
		const birth = births.get(n);
		return birth === undefined ? null : acceptedJob(job, birth);
	});
}

/**
 * Writes a batch and its jobs in one statement, and returns it with the jobs by their places; an item is missing whose
 * idempotency key or external id is taken. The batch's size counts those that it became. Null for all of it, and nothing
 * is written, when the batch's own idempotency key is taken. Where a budget does not allow all of them, none is written:
 * see `insertJob`.
 */
export async function insertBatch(
	db: Database,
	batch: NewBatch,
	jobs: readonly NewJob[],
): Promise<{ batch: BatchRecord; jobs: Map<number, JobRecord> } | null> {
	const id = Prisma.sql`(select id from new_batch)`;
	const rows = await db.$queryRaw<
		{ n: number | null; batch: BatchRecord; job: JobRecord | null }[]
	>`
		with new_batch as materialized (select new_id('bat') as id),
		${asked(jobs)}, ${born(id, createdInBatch)},
		batch_born as (
			insert into batch (id, tenant_id, idem_key, fingerprint, metadata, webhook_url, size, finished_at)
			select new_batch.id, ${batch.tenantId}, ${batch.idempotencyKey}, ${batch.fingerprint}, ${jsonb(batch.metadata)},
				${batch.webhookUrl}, count(born.id), case when count(born.id) = 0 then now() end
			from new_batch left join born on true group by new_batch.id
			returning *)
		select asked.n, to_jsonb(batch_born) - 'fingerprint' as batch, to_jsonb(born) - 'fingerprint' as job
		from batch_born left join born on true left join asked on asked.id = born.id`.catch(
		(error: unknown) => {
			// Two requests with one key at the same moment: the loser's statement is undone as a whole.
			if (isUniqueViolation(error)) return [];
			throw error;
		},
	);
	const [first] = rows;
	if (first === undefined) return null;
	const accepted = new Map<number, JobRecord>();
	for (const { n, job } of rows) {
		if (n !== null && job !== null) accepted.set(n, job);
	}
	return { batch: first.batch, jobs: accepted };
}

/**
 * Turns are given by age, and a batch's jobs have theirs in the order in which they were written down: each is a microsecond
 * younger than the one before, and none is younger than its id, which tells the period of a budget.
 */
const createdInBatch = Prisma.sql`now() + (n - ${maxBatchSize}::int) * interval '1 microsecond'`;

/** The jobs as rows, each with its place and its id. One parameter, so that the statement is the same for any number. */
const asked = (jobs: readonly NewJob[]): Prisma.Sql => Prisma.sql`
	asked as materialized (
		select new_id('job') as id, item.*,
			greatest(now(), item.run_at) as not_before
		from jsonb_to_recordset(${JSON.stringify(jobs.map(rowOf))}::jsonb) as item (
			n int, tenant_id text, action text, mode text, input jsonb, warnings jsonb, idem_key text, fingerprint text,
			external_id text, metadata jsonb, tags jsonb, webhook_url text, priority smallint, run_at timestamptz,
			start_within_s int, timeout_s int, max_submissions smallint, on_unknown text, retry_of text, key_id text,
			price_class text, video_seconds int, estimate_points int))`;

const rowOf = (job: NewJob, n: number) => ({
	n,
	tenant_id: job.tenantId,
	action: job.action,
	mode: job.mode,
	input: job.input,
	warnings: job.warnings,
	idem_key: job.idempotencyKey,
	fingerprint: job.fingerprint.toString("hex"),
	external_id: job.externalId,
	metadata: job.metadata,
	tags: job.tags,
	webhook_url: job.webhookUrl,
	priority: job.priority,
	run_at: job.runAt,
	start_within_s: job.startWithinS,
	timeout_s: job.timeoutS,
	max_submissions: job.maxSubmissions,
	on_unknown: job.onUnknown,
	retry_of: job.retryOf ?? null,
	key_id: job.keyId,
	price_class: job.price?.priceClass ?? null,
	video_seconds: job.price?.videoSeconds ?? null,
	estimate_points: job.price?.estimatePoints ?? null,
});

/**
 * The CTEs that write what is asked for, unless something is in its way. Whoever writes several at once takes the counters
 * of their budgets, and waits for those with the same idempotency keys, in one order.
 */
const born = (
	batchId: Prisma.Sql,
	createdAt = Prisma.sql`now()`,
): Prisma.Sql => Prisma.sql`
	born as (
		insert into job (id, tenant_id, action, mode, input, warnings, idem_key, fingerprint, external_id, metadata,
			tags, webhook_url, priority, not_before, scheduled, start_by, hinted_at, timeout_s, max_submissions, on_unknown,
			retry_of, key_id, price_class, video_seconds, estimate_points, batch_id, created_at)
		select id, tenant_id, action, mode, input, warnings, idem_key, decode(fingerprint, 'hex'), external_id, metadata,
			array(select jsonb_array_elements_text(tags)), webhook_url, priority, not_before,
			not_before > now(), not_before + make_interval(secs => start_within_s), case when run_at is null then now() end,
			timeout_s, max_submissions, on_unknown, retry_of, key_id, price_class, video_seconds, estimate_points,
			${batchId}, ${createdAt}
		from asked order by key_id, idem_key, n
		on conflict do nothing
		returning *),
	${eventsOnTheWay("born", "video.queued")},
	told as (
		insert into timeline (job_id, type, data)
		select id, 'accepted', case when retry_of is null then '{}' else jsonb_build_object('retry_of', retry_of) end
		from born)`;
