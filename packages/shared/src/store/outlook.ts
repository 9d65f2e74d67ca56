import type { Crowd, RenderTimes } from "../domain/outlook.ts";
import type { Database } from "./database.ts";
import { provider } from "./governor.ts";
import { isInTurn } from "./scheduled.ts";

/** Of a crowd no more are counted: what is beyond it is long enough either way. */
export const countedAtMost = 1_000;
// As many tenants as one statement looks at.
const maxCrowds = 500;
// Enough that a percentile is steady, and few enough to be read in passing.
const historyLength = 1_000;

/** Who waits in the queue, by class and tenant, the highest class first. Index: job_due_turn_idx, by a loose scan. */
export async function listCrowds(db: Database): Promise<Crowd[]> {
	return db.$queryRaw<Crowd[]>`
		with recursive waiting as (
			(select priority, tenant_id, 1 as n from job where ${isInTurn} order by priority, tenant_id limit 1)
			union all
			select following.priority, following.tenant_id, n + 1 from waiting cross join lateral (
				select priority, tenant_id from job where ${isInTurn} and (priority, tenant_id) > (waiting.priority, waiting.tenant_id)
				order by priority, tenant_id limit 1) as following
			where n < ${maxCrowds}::int)
		select priority, tenant_id, weight, (
			select count(*)::int from (select from job where ${isInTurn} and priority = waiting.priority
				and tenant_id = waiting.tenant_id and not_before <= now() limit ${countedAtMost}::int) as counted) as count
		from waiting join tenant on tenant.id = tenant_id`;
}

/** How many of its own tenant's jobs, of its own class, have their turn before it. Index: job_due_turn_idx. */
export async function countAhead(
	db: Database,
	job: { id: string },
): Promise<number> {
	const rows = await db.$queryRaw<{ count: number }[]>`
		select count(*)::int as count from job as one cross join lateral (
			select from job where ${isInTurn} and priority = one.priority and tenant_id = one.tenant_id
				and (created_at, id) < (one.created_at, one.id) and not_before <= now()
			limit ${countedAtMost}::int) as ahead
		where one.id = ${job.id} and one.ready`;
	return rows[0]?.count ?? 0;
}

/** What makes renders of one action alike in how long they take: what it asks for, and what its price depends on. */
export function kindOfRender(job: {
	action: string;
	mode: string;
	price_class?: string | null;
}): string {
	return [job.action, job.mode, job.price_class ?? ""].join(" ");
}

/**
 * How long renders have taken lately, by their kind, and over all of them under the empty name: from the submission to the
 * result, of the thousand jobs that ended last. Index: job_finished_idx.
 */
export async function findRenderTimes(
	db: Database,
): Promise<Map<string, RenderTimes>> {
	const rows = await db.$queryRaw<(RenderTimes & { kind: string | null })[]>`
		with latest as (
			select state, finished_at, submitted_at, action, mode, price_class from job where finished_at is not null
			order by finished_at desc limit ${historyLength}::int),
		took as (
			select action || ' ' || mode || ' ' || coalesce(price_class, '') as kind,
				extract(epoch from finished_at - submitted_at)::float8 as seconds
			from latest where state = 'succeeded' and submitted_at is not null)
		select kind, percentile_cont(0.5) within group (order by seconds) as p50,
			percentile_cont(0.9) within group (order by seconds) as p90
		from took group by grouping sets ((kind), ())`;
	return new Map(
		rows
			.filter(({ p50 }) => p50 !== null)
			.map(({ kind, p50, p90 }) => [kind ?? "", { p50, p90 }]),
	);
}

/** What the provider's row allows. */
export async function findPaceLimits(
	db: Database,
): Promise<{ perSecond: number; concurrency: number } | null> {
	const rows = await db.$queryRaw<{ perSecond: number; concurrency: number }[]>`
		select rate_count * 1000.0::float8 / rate_window_ms as "perSecond", concurrency from governor
		where provider = ${provider}`;
	return rows[0] ?? null;
}
