import { Prisma } from "@reelay/prisma/client";
import { laneOf } from "./lanes.ts";

/** Whether the row `endpoint` asks for events of a type: its name, the beginning of it as in `video.*`, or `*`. */
const takes = (type: Prisma.Sql): Prisma.Sql => Prisma.sql`exists (
	select from unnest(endpoint.events) as filter
	where filter in ('*', ${type}) or (filter like '%.*' and starts_with(${type}, left(filter, -1))))`;

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
		select new_id('dlv'), event_born.id, event_born.tenant_id, endpoint.id, endpoint.url, endpoint.id,
			case when disabled_at is null then 'pending' else 'held' end, case when disabled_at is null then now() end
		from event_born join endpoint on endpoint.tenant_id = event_born.tenant_id
		where deleted_at is null and ${takes(Prisma.sql`event_born.type`)}
		returning id)`;

/**
 * The CTEs that tell the customer: an event with a snapshot of each job in the CTE `ended`, and its deliveries. Placed in
 * the statement that ends the job, so that neither can exist without the other.
 */
export const eventsOfEnded = Prisma.sql`
	event_born as (
		insert into event (id, tenant_id, job_id, type, snapshot)
		select new_id('evt'), tenant_id, id, 'video.' || state, to_jsonb(ended) from ended
		returning id, tenant_id, job_id, type),
	${deliveriesOfEnded}`;
