import { Prisma } from "@reelay/prisma/client";
import type { JsonObject } from "../domain/actions/action.ts";
import type {
	DeliveryRecord,
	EventRecord,
	LoggedAttempt,
} from "../domain/delivery-record.ts";
import type { Database } from "./database.ts";
import { testLaneOf } from "./lanes.ts";
import { jsonb } from "./sql.ts";

const columns = Prisma.sql`
	delivery.id, event_id, event.type as event_type, event.job_id, endpoint_id, coalesce(endpoint.url, delivery.url) as url,
	state, attempts, due_at, coalesce(lease_owner is not null and due_at > now(), false) as is_under_way, last_status,
	last_error, delivery.created_at, finished_at`;
const joined = Prisma.sql`
	delivery join event on event.id = event_id left join endpoint on endpoint.id = endpoint_id`;

/** A page of an endpoint's deliveries, newest first. Index: delivery_endpoint_id_idx. */
export async function listDeliveries(
	db: Database,
	query: {
		tenantId: string;
		endpointId: string;
		states: readonly string[];
		beforeId: string | null;
		limit: number;
	},
): Promise<DeliveryRecord[]> {
	return db.$queryRaw<DeliveryRecord[]>`
		select ${columns} from ${joined}
		where endpoint_id = ${query.endpointId} and delivery.tenant_id = ${query.tenantId}
			and (${query.beforeId}::text is null or delivery.id < ${query.beforeId})
			and (cardinality(${query.states}::text[]) = 0 or state = any(${query.states}::text[]))
		order by delivery.id desc limit ${query.limit}::int`;
}

/** The deliveries of one event. */
export async function listDeliveriesOfEvent(
	db: Database,
	tenantId: string,
	eventId: string,
): Promise<DeliveryRecord[]> {
	return db.$queryRaw<DeliveryRecord[]>`
		select ${columns} from ${joined}
		where event_id = ${eventId} and delivery.tenant_id = ${tenantId} order by delivery.id`;
}

/** The tenant's delivery, or null. */
export async function findDelivery(
	db: Database,
	tenantId: string,
	id: string,
): Promise<DeliveryRecord | null> {
	const rows = await db.$queryRaw<DeliveryRecord[]>`
		select ${columns} from ${joined} where delivery.id = ${id} and delivery.tenant_id = ${tenantId}`;
	return rows[0] ?? null;
}

/** Every attempt of a delivery, in their order. */
export async function listAttempts(
	db: Database,
	deliveryId: string,
): Promise<LoggedAttempt[]> {
	return db.$queryRaw<LoggedAttempt[]>`
		select n, outcome, status, class, phase, error, excerpt, url, timings, duration_ms, next_at, at
		from attempt where delivery_id = ${deliveryId} order by n`;
}

/**
 * Makes a delivery due at once, with a new round of the schedule, whether it has ended, is held, or waits for its next
 * attempt. One that is being attempted is left alone, as is one whose endpoint is gone or disabled. Returns whether it
 * was made due; asked twice, the second changes nothing that the first has not.
 */
export async function redeliver(
	db: Database,
	tenantId: string,
	id: string,
): Promise<boolean> {
	const made = await db.$executeRaw`
		update delivery set state = 'pending', due_at = now(), round_from = attempts, finished_at = null, lease_owner = null
		where id = ${id} and tenant_id = ${tenantId} and (lease_owner is null or due_at <= now())
			and not exists (select from endpoint where endpoint.id = delivery.endpoint_id
				and (disabled_at is not null or deleted_at is not null))`;
	return made > 0;
}

/**
 * A sample event for one endpoint alone: it is sent once, beside all that the endpoint is owed, and also while that is
 * disabled. Returns the delivery's id.
 */
export async function insertTestEvent(
	db: Database,
	test: {
		tenantId: string;
		endpointId: string;
		type: string;
		data: JsonObject;
	},
): Promise<string | null> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		with event_born as (
			insert into event (id, tenant_id, job_id, type, snapshot, is_test)
			select new_id('evt'), tenant_id, null, ${test.type}, ${jsonb(test.data)}, true
			from endpoint where id = ${test.endpointId} and tenant_id = ${test.tenantId} and deleted_at is null
			returning id, tenant_id)
		insert into delivery (id, event_id, tenant_id, endpoint_id, url, lane)
		select new_id('dlv'), event_born.id, event_born.tenant_id, endpoint.id, endpoint.url,
			${testLaneOf(Prisma.sql`endpoint.id`)}
		from event_born, endpoint where endpoint.id = ${test.endpointId}
		returning id`;
	return rows[0]?.id ?? null;
}

/** The tenant's event, or null. */
export async function findEvent(
	db: Database,
	tenantId: string,
	id: string,
): Promise<EventRecord | null> {
	const rows = await db.$queryRaw<EventRecord[]>`
		select id, type, job_id, snapshot, created_at as at, is_test from event where id = ${id} and tenant_id = ${tenantId}`;
	return rows[0] ?? null;
}
