/**
 * A replay walks over the past events of a tenant and owes them to one endpoint again. How far it has come is committed with
 * what it has done, so it survives every death, and any worker takes the next step.
 */
import { Prisma } from "@reelay/prisma/client";
import type { ReplayRecord } from "../domain/replay.ts";
import type { Database } from "./database.ts";

// One step; and so many deliveries of the endpoint may wait before the next is taken, lest a year be due at once.
const stepEvents = 200;
const maxWaiting = 1_000;

/** Which events, and which of their deliveries. `afterId` is an id that sorts before the first event of `since`. */
export type ReplayQuery = {
	tenantId: string;
	endpointId: string;
	types: readonly string[];
	states: readonly string[];
	since: Date;
	until: Date;
	afterId: string;
};

/** How many deliveries a replay would send now. */
export async function countReplay(
	db: Database,
	query: ReplayQuery,
): Promise<number> {
	const rows = await db.$queryRaw<{ count: number }[]>`
		select count(*)::int as count from event left join delivery on event_id = event.id and endpoint_id = ${query.endpointId}
		where event.tenant_id = ${query.tenantId} and event.id > ${query.afterId} and ${isWanted(query)}
			and coalesce(delivery.state, 'missing') = any(${[...query.states]}::text[])`;
	return rows[0]?.count ?? 0;
}

/** Begins a replay; null when the endpoint is not there. It is a second one that finds what the first left. */
export async function insertReplay(
	db: Database,
	query: ReplayQuery,
	total: number,
): Promise<ReplayRecord | null> {
	const rows = await db.$queryRaw<ReplayRecord[]>`
		insert into replay (id, tenant_id, endpoint_id, types, states, since, until, after_id, total)
		select new_id('rpl'), tenant_id, id, ${[...query.types]}::text[], ${[...query.states]}::text[],
			${query.since}::timestamptz, ${query.until}::timestamptz, ${query.afterId}, ${total}::int
		from endpoint where id = ${query.endpointId} and tenant_id = ${query.tenantId} and deleted_at is null
		returning ${columns}`;
	return rows[0] ?? null;
}

/** The tenant's replay, or null. */
export async function findReplay(
	db: Database,
	tenantId: string,
	id: string,
): Promise<ReplayRecord | null> {
	const rows = await db.$queryRaw<ReplayRecord[]>`
		select ${columns} from replay where id = ${id} and tenant_id = ${tenantId}`;
	return rows[0] ?? null;
}

/** The latest replays of an endpoint, newest first. */
export async function listReplays(
	db: Database,
	tenantId: string,
	endpointId: string,
): Promise<ReplayRecord[]> {
	return db.$queryRaw<ReplayRecord[]>`
		select ${columns} from replay where endpoint_id = ${endpointId} and tenant_id = ${tenantId} order by id desc limit 50`;
}

/** Pauses, resumes or cancels a replay; what it has made due is sent all the same. Returns the row, or null if it has ended. */
export async function moveReplay(
	db: Database,
	{ tenantId, id }: { tenantId: string; id: string },
	state: "paused" | "running" | "cancelled",
): Promise<ReplayRecord | null> {
	const rows = await db.$queryRaw<ReplayRecord[]>`
		update replay set state = ${state}, finished_at = case when ${state} = 'cancelled' then now() end
		where id = ${id} and tenant_id = ${tenantId} and state in ('running', 'paused') returning ${columns}`;
	return rows[0] ?? null;
}

/**
 * One step of one replay that runs: the next events, and what it was asked to send of them is due now, with a new round of
 * the schedule. An attempt that is under way is left alone. A replay of a disabled endpoint waits, as does one whose
 * endpoint has much to do; that of a deleted one is cancelled. Returns how many events it looked at; 0 when there is nothing
 * to do now. Index: replay_running_idx, event_tenant_id_id_idx.
 */
export async function stepReplay(db: Database): Promise<number> {
	const rows = await db.$queryRaw<{ seen: number }[]>`
		with mine as (
			select replay.*, deleted_at is not null as is_deleted from replay join endpoint on endpoint.id = endpoint_id
			where state = 'running' and (deleted_at is not null or (disabled_at is null and ${maxWaiting}::int > (
				select count(*) from (select from delivery where lane = replay.endpoint_id and due_at is not null
					limit ${maxWaiting}::int) as waiting)))
			order by random() limit 1 for update of replay skip locked),
		page as (
			select event.id, event.tenant_id, event.created_at, mine.endpoint_id, mine.states,
				event.created_at < mine.until as is_before_end,
				${isOf(Prisma.sql`mine.types`)} and not is_test and event.created_at between mine.since and mine.until as is_wanted
			from mine join event on event.tenant_id = mine.tenant_id and event.id > mine.after_id
			where not is_deleted order by event.id limit ${stepEvents}::int),
		again as (
			update delivery set state = 'pending', due_at = now(), round_from = attempts, finished_at = null, lease_owner = null
			from page where event_id = page.id and delivery.endpoint_id = page.endpoint_id and is_wanted
				and state = any(page.states) and (lease_owner is null or due_at <= now())
			returning delivery.id),
		born as (
			insert into delivery (id, event_id, tenant_id, endpoint_id, url, lane)
			select new_id('dlv'), page.id, page.tenant_id, endpoint.id, endpoint.url, endpoint.id
			from page join endpoint on endpoint.id = endpoint_id
			where is_wanted and 'missing' = any(page.states)
				and not exists (select from delivery where event_id = page.id and delivery.endpoint_id = endpoint.id)
			on conflict do nothing returning id),
		stepped as (
			update replay set after_id = coalesce((select max(id) from page), replay.after_id),
				sent = replay.sent + (select count(*) from again) + (select count(*) from born),
				state = case when is_deleted then 'cancelled'
					when (select count(*) from page where is_before_end) < ${stepEvents}::int then 'finished' else replay.state end,
				finished_at = case when is_deleted or (select count(*) from page where is_before_end) < ${stepEvents}::int
					then now() end
			from mine where replay.id = mine.id)
		select greatest(1, (select count(*) from page))::int as seen from mine`;
	return rows[0]?.seen ?? 0;
}

const columns = Prisma.sql`
	id, endpoint_id, types, states, since, until, state, total, sent, created_at, finished_at`;

const isOf = (types: Prisma.Sql): Prisma.Sql =>
	Prisma.sql`event.type = any(${types})`;

const isWanted = (query: ReplayQuery): Prisma.Sql => Prisma.sql`
	${isOf(Prisma.sql`${[...query.types]}::text[]`)} and not is_test
	and event.created_at between ${query.since}::timestamptz and ${query.until}::timestamptz`;
