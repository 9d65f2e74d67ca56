import { Prisma } from "@reelay/prisma/client";
import { maxBatchSize } from "../domain/batch.ts";
import type { TalliedBatch } from "../domain/batch-record.ts";
import { idempotencyWindowS } from "../domain/deadline.ts";
import type { JobRecord } from "../domain/job-record.ts";
import type { Database } from "./database.ts";
import { owedToEndpoints } from "./events.ts";
import { laneOf } from "./lanes.ts";

const columns = Prisma.sql`batch.id, batch.tenant_id, batch.metadata, batch.webhook_url, batch.size, batch.created_at, batch.finished_at`;

/** What the jobs of the row `batch` come to, as JSON. Index: job_batch_id_idx. */
const tally = Prisma.sql`(
	select coalesce(jsonb_agg(jsonb_build_object('state', state, 'charged', charged, 'count', count, 'points', points)), '[]')
	from (select state, charged, count(*), sum(cost_points)::int as points from job where batch_id = batch.id
		group by state, charged) as kind)`;

/** The tenant's batch with what its jobs come to, or null. */
export async function findBatch(
	db: Database,
	tenantId: string,
	id: string,
): Promise<TalliedBatch | null> {
	const rows = await db.$queryRaw<TalliedBatch[]>`
		select ${columns}, ${tally} as tally from batch where id = ${id} and tenant_id = ${tenantId}`;
	return rows[0] ?? null;
}

/** The batch that holds this key, with the fingerprint of the request that made it, or null. */
export async function findBatchByIdempotencyKey(
	db: Database,
	tenantId: string,
	key: string,
): Promise<{ id: string; fingerprint: Uint8Array } | null> {
	const rows = await db.$queryRaw<{ id: string; fingerprint: Uint8Array }[]>`
		select id, fingerprint from batch where tenant_id = ${tenantId} and idem_key = ${key}`;
	return rows[0] ?? null;
}

/** A page of the tenant's batches, newest first, after the given id. Index: batch_tenant_id_id_idx. */
export async function listBatches(
	db: Database,
	query: { tenantId: string; afterId: string | null; limit: number },
): Promise<TalliedBatch[]> {
	const after =
		query.afterId === null
			? Prisma.empty
			: Prisma.sql`and id < ${query.afterId}`;
	return db.$queryRaw<TalliedBatch[]>`
		select ${columns}, ${tally} as tally from batch where tenant_id = ${query.tenantId} ${after}
		order by id desc limit ${query.limit}::int`;
}

/**
 * The jobs of a batch by the places of their items in the request, which their instants tell: see `insertBatch`. There are a hundred at most. Index: job_batch_id_idx.
 */
export async function listJobsOfBatch(
	db: Database,
	batchId: string,
): Promise<Map<number, JobRecord>> {
	const rows = await db.$queryRaw<(JobRecord & { place: number })[]>`
		select job.*, round(extract(epoch from job.created_at - batch.created_at) * 1000000)::int + ${maxBatchSize}::int as place
		from job join batch on batch.id = batch_id where batch_id = ${batchId} order by place`;
	return new Map(rows.map(({ place, ...job }) => [place, job]));
}

/**
 * Ends the batches of which no job is live any longer, and tells of each by one event. A job that has ended never lives
 * again, and a batch gets no further jobs, so nothing can come between the look and the end. Returns how many deliveries
 * were born. Indexes: batch_open_idx, job_batch_live_idx.
 */
export async function finishBatches(
	db: Database,
	limit: number,
): Promise<{ finished: number; deliveries: number }> {
	const rows = await db.$queryRaw<{ finished: number; deliveries: number }[]>`
		with over as (
			select id from batch where finished_at is null
				and not exists (select from job where batch_id = batch.id and live)
			order by id limit ${limit}::int for update skip locked),
		ended as (
			update batch set finished_at = now() from over where batch.id = over.id and finished_at is null
			returning batch.*),
		event_born as (
			insert into event (id, tenant_id, type, snapshot)
			select new_id('evt'), tenant_id, 'batch.finished', jsonb_build_object(
				'id', id, 'metadata', metadata, 'webhook_url', webhook_url, 'size', size,
				'created_at', created_at, 'finished_at', finished_at,
				'tally', (select ${tally} from (select ended.id) as batch))
			from ended
			returning id, tenant_id, job_id, type, snapshot),
		delivery_born as (
			insert into delivery (id, event_id, tenant_id, endpoint_id, url, lane, state, due_at)
			select new_id('dlv'), event_born.id, ended.tenant_id, null, ended.webhook_url,
				${laneOf(Prisma.sql`ended.tenant_id`, Prisma.sql`ended.webhook_url`)}, 'pending', now()
			from event_born join ended on ended.id = event_born.snapshot->>'id'
			where ended.webhook_url is not null
			union all
			${owedToEndpoints(Prisma.sql`event_born`)}
			returning id)
		select (select count(*)::int from ended) as finished, (select count(*)::int from delivery_born) as deliveries`;
	return rows[0] ?? { finished: 0, deliveries: 0 };
}

/** Frees idempotency keys of batches older than their window. Index: batch_idem_age_idx. */
export async function pruneBatchKeys(
	db: Database,
	limit: number,
): Promise<number> {
	return db.$executeRaw`
		update batch set idem_key = null where id in (
			select id from batch where idem_key is not null
				and created_at < now() - make_interval(secs => ${idempotencyWindowS}::int)
			order by created_at limit ${limit}::int for update skip locked)`;
}
