import { Prisma } from "@reelay/prisma/client";
import type { Database } from "./database.ts";

/**
 * Jobs that wait for their time are `scheduled`, and in no claim's way. Whoever puts a job's `not_before` ahead says so in
 * the same statement, and once a second each worker releases those whose time has come. A release that dies, comes late or
 * meets another one costs latency only: what is scheduled stays where the next one looks, and its start deadline holds
 * all the while.
 */

/** Queued, and not scheduled. In the words of job_due_turn_idx, which a statement that says it otherwise cannot use. */
export const isInTurn = Prisma.sql`(ready and not scheduled) is true`;

/** Queued for later. In the words of job_scheduled_idx. */
const isScheduled = Prisma.sql`(ready and scheduled) is true`;

/**
 * Lets jobs whose time has come take their turns, and returns how many: up to `limit`, and the same number of each tenant
 * and class that has any, so that a hundred thousand of one that come due at one instant do not hold up another's. Of each
 * it takes those that have been due for longest. It locks jobs that are queued and skips locked ones, so any number of
 * workers may release at once. Index: job_scheduled_idx, by a loose scan that touches one row for each tenant and class.
 */
export async function releaseScheduled(
	db: Database,
	limit: number,
): Promise<number> {
	return db.$executeRaw`
		with recursive lane as (
			(select priority, tenant_id, not_before from job where ${isScheduled}
				order by priority, tenant_id, not_before limit 1)
			union all
			select following.priority, following.tenant_id, following.not_before from lane cross join lateral (
				select priority, tenant_id, not_before from job
				where ${isScheduled} and (priority, tenant_id) > (lane.priority, lane.tenant_id)
				order by priority, tenant_id, not_before limit 1) as following),
		due as materialized (
			select priority, tenant_id from lane where not_before <= now() order by not_before limit ${limit}::int),
		released as materialized (
			select oldest.id from due cross join lateral (
				select id from job
				where ${isScheduled} and priority = due.priority and tenant_id = due.tenant_id and not_before <= now()
				order by not_before, created_at, id limit ${limit}::int / (select count(*) from due)
				for update skip locked) as oldest)
		update job set scheduled = false from released where job.id = released.id`;
}
