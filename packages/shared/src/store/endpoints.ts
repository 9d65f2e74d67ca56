import { Prisma } from "@reelay/prisma/client";
import { maxEndpoints } from "../domain/endpoint.ts";
import type { EndpointRecord } from "../domain/endpoint-record.ts";
import type { Database } from "./database.ts";

/** What an endpoint is made of. Its id is made first, because what is sealed is bound to it. */
export type NewEndpoint = {
	id: string;
	tenantId: string;
	url: string;
	description: string | null;
	events: string[];
	sealedHeaders: string | null;
	scheduleS: number[] | null;
	ratePerS: number | null;
	concurrency: number;
	ordered: boolean;
	disabled: boolean;
	sealedSecret: string;
};

/** An id for an endpoint that is about to be inserted. */
export async function newEndpointId(db: Database): Promise<string> {
	const [row] = await db.$queryRaw<{ id: string }[]>`select new_id('ep') as id`;
	if (row === undefined) throw new Error("the database made no id");
	return row.id;
}

/**
 * Writes the endpoint and its first secret; null, and nothing written, when the tenant has as many as it may. They are
 * counted, not locked: two requests at once may go one beyond, which harms nobody.
 */
export async function insertEndpoint(
	db: Database,
	endpoint: NewEndpoint,
): Promise<EndpointRecord | null> {
	const rows = await db.$queryRaw<EndpointRecord[]>`
		with born as (
			insert into endpoint (id, tenant_id, url, description, events, sealed_headers, schedule_s, rate_per_s, concurrency,
				ordered, disabled_at, disabled_reason)
			select ${endpoint.id}, ${endpoint.tenantId}, ${endpoint.url}, ${endpoint.description}, ${endpoint.events}::text[],
				${endpoint.sealedHeaders}, ${endpoint.scheduleS}::int[], ${endpoint.ratePerS}::float8,
				${endpoint.concurrency}::int, ${endpoint.ordered}, case when ${endpoint.disabled} then now() end,
				case when ${endpoint.disabled} then 'by_request' end
			where (select count(*) from endpoint where tenant_id = ${endpoint.tenantId} and deleted_at is null)
				< ${maxEndpoints}::int
			returning *),
		sealed as (
			insert into webhook_secret (id, tenant_id, endpoint_id, sealed)
			select new_id('sec'), tenant_id, id, ${endpoint.sealedSecret} from born)
		select * from born`;
	return rows[0] ?? null;
}

/** The tenant's endpoint, or null; one that was deleted is as unknown as one that never was. */
export async function findEndpoint(
	db: Database,
	tenantId: string,
	id: string,
): Promise<EndpointRecord | null> {
	const rows = await db.$queryRaw<EndpointRecord[]>`
		select * from endpoint where id = ${id} and tenant_id = ${tenantId} and deleted_at is null`;
	return rows[0] ?? null;
}

/** All endpoints of a tenant, oldest first; there are few. Index: endpoint_tenant_id_idx. */
export async function listEndpoints(
	db: Database,
	tenantId: string,
): Promise<EndpointRecord[]> {
	return db.$queryRaw<EndpointRecord[]>`
		select * from endpoint where tenant_id = ${tenantId} and deleted_at is null order by id`;
}

/** What a change names; undefined leaves a column as it is. */
export type EndpointPatch = {
	[Field in
		| "url"
		| "description"
		| "events"
		| "sealedHeaders"
		| "scheduleS"
		| "ratePerS"
		| "concurrency"
		| "ordered"]?: NewEndpoint[Field] | undefined;
} & { disabled?: boolean | undefined };

/**
 * Changes what the patch names and returns the row, or null when there is none. Enabling forgets the failures that there
 * were, and whoever changes the URL or enables it has the breaker shut, so that the next attempt is at once.
 */
export async function updateEndpoint(
	db: Database,
	{ tenantId, id }: { tenantId: string; id: string },
	patch: EndpointPatch,
): Promise<EndpointRecord | null> {
	const sets = [
		set("url", patch.url),
		set("description", patch.description),
		set("events", patch.events, Prisma.sql`::text[]`),
		set("sealed_headers", patch.sealedHeaders),
		set("schedule_s", patch.scheduleS, Prisma.sql`::int[]`),
		set("rate_per_s", patch.ratePerS, Prisma.sql`::float8`),
		set("ordered", patch.ordered),
		setConcurrency(patch),
		setDisabled(patch.disabled),
		patch.disabled === false || patch.url !== undefined
			? Prisma.sql`failing_since = null, failure_streak = 0, warned_at = null, probe_at = null`
			: null,
		Prisma.sql`updated_at = now()`,
	].filter((part) => part !== null);
	const rows = await db.$queryRaw<EndpointRecord[]>`
		update endpoint set ${Prisma.join(sets)}
		where id = ${id} and tenant_id = ${tenantId} and deleted_at is null returning *`;
	return rows[0] ?? null;
}

function set(
	column: string,
	value: unknown,
	cast: Prisma.Sql = Prisma.empty,
): Prisma.Sql | null {
	if (value === undefined) return null;
	return Prisma.sql`${Prisma.raw(column)} = ${value}${cast}`;
}

/** One at a time while the order is kept, by what the row says when it is written: another change may come between. */
function setConcurrency({ ordered, concurrency }: EndpointPatch): Prisma.Sql {
	const isOrdered = ordered ?? Prisma.sql`ordered`;
	const wanted = concurrency ?? Prisma.sql`concurrency`;
	return Prisma.sql`concurrency = case when ${isOrdered} then 1 else ${wanted}::int end`;
}

/** Disabling again keeps the first reason and instant. */
function setDisabled(disabled: boolean | undefined): Prisma.Sql | null {
	if (disabled === undefined) return null;
	return disabled
		? Prisma.sql`disabled_at = coalesce(disabled_at, now()), disabled_reason = coalesce(disabled_reason, 'by_request')`
		: Prisma.sql`disabled_at = null, disabled_reason = null`;
}

/**
 * Deletes it for its owner: no event is owed to it any more, and its secrets sign nothing. The row stays, because what was
 * delivered to it is history; what it is still owed is ended by `endDeleted`. Returns whether it was there.
 */
export async function deleteEndpoint(
	db: Database,
	tenantId: string,
	id: string,
): Promise<boolean> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		with gone as (
			update endpoint set deleted_at = now(), updated_at = now(), sealed_headers = null
			where id = ${id} and tenant_id = ${tenantId} and deleted_at is null returning id),
		forgotten as (delete from webhook_secret using gone where endpoint_id = gone.id)
		select id from gone`;
	return rows.length > 0;
}
