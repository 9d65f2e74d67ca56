import { Prisma } from "@reelay/prisma/client";
import { laneOf } from "./lanes.ts";

/** The columns of an event that the CTEs below need of it. */
const born = Prisma.sql`id, tenant_id, job_id, type`;

/** Whether the row `endpoint` asks for events of a type: its name, the beginning of it as in `video.*`, or `*`. */
const takes = (type: Prisma.Sql): Prisma.Sql => Prisma.sql`exists (
	select from unnest(endpoint.events) as filter
	where filter in ('*', ${type}) or (filter like '%.*' and starts_with(${type}, left(filter, -1))))`;

/** What every endpoint of its tenant that asks for it is owed for an event of the named CTE; held, if it is disabled. */
export const owedToEndpoints = (cte: Prisma.Sql): Prisma.Sql => Prisma.sql`
	select new_id('dlv'), event.id, event.tenant_id, endpoint.id, endpoint.url, endpoint.id,
		case when disabled_at is null then 'pending' else 'held' end, case when disabled_at is null then now() end
	from ${cte} as event join endpoint on endpoint.tenant_id = event.tenant_id
	where deleted_at is null and ${takes(Prisma.sql`event.type`)}`;

/**
 * The CTE that owes a delivery for each event of the CTE `event_born`: to every endpoint of the tenant that asks for it,
 * held if that is disabled; and, for a final event, to the URL that its job, in the CTE `ended`, names.
 */
export const deliveriesOfEnded = Prisma.sql`
	delivery_born as (
		insert into delivery (id, event_id, tenant_id, endpoint_id, url, lane, state, due_at)
		select new_id('dlv'), event_born.id, event_born.tenant_id, null, ended.webhook_url,
			${laneOf(Prisma.sql`event_born.tenant_id`, Prisma.sql`ended.webhook_url`)}, 'pending', now()
		from event_born join ended on ended.id = event_born.job_id
		where ended.webhook_url is not null
		union all
		${owedToEndpoints(Prisma.sql`event_born`)}
		returning id, event_id)`;

/**
 * The CTEs that tell the customer: an event with a snapshot of each job in the CTE `ended`, and its deliveries. Placed in
 * the statement that ends the job, so that neither can exist without the other.
 */
export const eventsOfEnded = Prisma.sql`
	event_born as (
		insert into event (id, tenant_id, job_id, type, snapshot)
		select new_id('evt'), tenant_id, id, 'video.' || state, to_jsonb(ended) from ended
		returning ${born}),
	${deliveriesOfEnded}`;

/**
 * The CTEs that tell of a job on its way, whose rows are in the named CTE: an event of this type, and what is owed for it.
 * They are written only where an endpoint of the tenant asks for them, for most do not, and this is where a job's cost
 * is paid. A job comes into these states once for each submission.
 */
export function eventsOnTheWay(
	cte: string,
	type: "video.queued" | "video.rendering" | "video.overdue",
): Prisma.Sql {
	return Prisma.sql`
	way_born as (
		insert into event (id, tenant_id, job_id, type, sequence, snapshot)
		select new_id('evt'), moved.tenant_id, moved.id, ${type}, greatest(1, moved.submission_seq), to_jsonb(moved)
		from ${Prisma.raw(cte)} as moved
		where exists (select from endpoint where endpoint.tenant_id = moved.tenant_id and deleted_at is null
			and ${takes(Prisma.sql`${type}::text`)})
		on conflict do nothing returning ${born}),
	way_owed as (
		insert into delivery (id, event_id, tenant_id, endpoint_id, url, lane, state, due_at)
		${owedToEndpoints(Prisma.sql`way_born`)})`;
}
