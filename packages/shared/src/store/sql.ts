import { Prisma } from "@reelay/prisma/client";

/** The states of a transition as a list for `WHERE state IN (…)`. */
export function oneOf(states: readonly string[]): Prisma.Sql {
	return Prisma.join([...states]);
}

/** A value as a jsonb parameter; null stays SQL's null, not JSON's. */
export function jsonb(value: unknown): Prisma.Sql {
	const text =
		value === null || value === undefined ? null : JSON.stringify(value);
	return Prisma.sql`${text}::jsonb`;
}

/**
 * The lane of a delivery: the tenant, and the origin that it is sent to. Deliveries of one lane share its places, so that
 * a receiver that hangs holds up no other, and no tenant can take the places of another at an origin that both use.
 */
export const laneOf = (tenantId: Prisma.Sql, url: Prisma.Sql): Prisma.Sql =>
	Prisma.sql`${tenantId} || ' ' || coalesce(substring(${url} from '^[^:]+://[^/?#]*'), ${url})`;

/** The CTE that owes a delivery for each event of the CTE `event_born` whose job, in the CTE `ended`, named a URL. */
export const deliveriesOfEnded = Prisma.sql`
	delivery_born as (
		insert into delivery (id, event_id, tenant_id, url, lane)
		select new_id('dlv'), event_born.id, event_born.tenant_id, ended.webhook_url,
			${laneOf(Prisma.sql`event_born.tenant_id`, Prisma.sql`ended.webhook_url`)}
		from event_born join ended on ended.id = event_born.job_id
		where ended.webhook_url is not null
		returning id)`;

/**
 * The CTEs that tell the customer: an event with a snapshot of each job in the CTE `ended`, and its deliveries. Placed in
 * the statement that ends the job, so that neither can exist without the other.
 */
export const eventsOfEnded = Prisma.sql`
	event_born as (
		insert into event (id, tenant_id, job_id, type, snapshot)
		select new_id('evt'), tenant_id, id, 'video.' || state, to_jsonb(ended) from ended
		returning id, tenant_id, job_id),
	${deliveriesOfEnded}`;
