/**
 * Removes what hangs from no job. Each is one statement over a page of rows in the order of their ids; a second one of the
 * same page finds nothing left to remove.
 */
import type { Database } from "./database.ts";
import { oldBefore, type PruneStep } from "./pruned.ts";

/** How many rows one statement looks at. */
export const pruneRecordsAtOnce = 500;
// A budget has as many counters as days were kept.
const budgetsAtOnce = 20;

type Step = { afterId: string; keepS: number };

/** The numbered tables' first place is behind none. */
const numberIn = ({ afterId }: Step): bigint =>
	BigInt(afterId === "" ? 0 : afterId);

/** What a page says of itself: its last row and how many it has, and what was removed of it. */
type Page = { last_id: string | null; size: number; is_old: boolean };

function stepOf(
	rows: readonly (Page & { removed: number })[],
	table: string,
	limit = pruneRecordsAtOnce,
): PruneStep {
	const [page] = rows;
	if (page === undefined) throw new Error("the pruning statement gave no row");
	const goesOn = page.size === limit && page.is_old;
	return {
		lastId: goesOn ? page.last_id : null,
		rows: { [table]: page.removed },
	};
}

/**
 * Callbacks of no submission: those that came when it was removed already, and what never was one of ours. All others go with
 * their job. Index: callback_pkey.
 */
export async function pruneCallbacks(
	db: Database,
	step: Step,
): Promise<PruneStep> {
	const rows = await db.$queryRaw<(Page & { removed: number })[]>`
		with page as materialized (
			select id, submission_id, received_at < ${oldBefore(step.keepS)} as is_old from callback
			where id > ${numberIn(step)} order by id limit ${pruneRecordsAtOnce}::int),
		gone as (
			delete from callback where id = any(array(
				select page.id from page where is_old
					and not exists (select from submission where submission.id = page.submission_id)))
			returning 1)
		select (select max(id)::text from page) as last_id, (select count(*)::int from page) as size,
			coalesce((select bool_and(is_old) from page), false) as is_old, (select count(*)::int from gone) as removed`;
	return stepOf(rows, "callback");
}

/** Replays that have ended; one that is paused stays. Index: replay_pkey. */
export async function pruneReplays(
	db: Database,
	step: Step,
): Promise<PruneStep> {
	const rows = await db.$queryRaw<(Page & { removed: number })[]>`
		with page as materialized (
			select id, finished_at, created_at < ${oldBefore(step.keepS)} as is_old from replay
			where id > ${step.afterId} order by id limit ${pruneRecordsAtOnce}::int),
		gone as (
			delete from replay where id = any(array(select id from page where finished_at < ${oldBefore(step.keepS)})) returning 1)
		select (select max(id) from page) as last_id, (select count(*)::int from page) as size,
			coalesce((select bool_and(is_old) from page), false) as is_old, (select count(*)::int from gone) as removed`;
	return stepOf(rows, "replay");
}

/** Lines of the audit log. Index: audit_pkey. */
export async function pruneAudit(db: Database, step: Step): Promise<PruneStep> {
	const rows = await db.$queryRaw<(Page & { removed: number })[]>`
		with page as materialized (
			select id, at < ${oldBefore(step.keepS)} as is_old from audit
			where id > ${numberIn(step)} order by id limit ${pruneRecordsAtOnce}::int),
		gone as (delete from audit where id = any(array(select id from page where is_old)) returning 1)
		select (select max(id)::text from page) as last_id, (select count(*)::int from page) as size,
			coalesce((select bool_and(is_old) from page), false) as is_old, (select count(*)::int from gone) as removed`;
	return stepOf(rows, "audit");
}

/**
 * API keys that ended, with no budget of their own. Those that a process may make again from its settings stay for ever: once
 * it is forgotten that one was revoked, the next start would make it valid. Index: api_key_pkey.
 */
export async function pruneKeys(db: Database, step: Step): Promise<PruneStep> {
	const rows = await db.$queryRaw<(Page & { removed: number })[]>`
		with page as materialized (
			select id, created_at < ${oldBefore(step.keepS)} as is_old from api_key
			where id > ${step.afterId} order by id limit ${pruneRecordsAtOnce}::int),
		ended as materialized (
			select id from api_key where id = any(array(select id from page))
				and least(revoked_at, expires_at) < ${oldBefore(step.keepS)}
				and created_by is not null and created_by <> 'bootstrap'
				and not exists (select from budget where budget.key_id = api_key.id)
			order by id for update skip locked),
		forgotten as (
			update api_key set rotated_from = null where rotated_from = any(array(select id from ended))
				and not id = any(array(select id from ended))),
		gone as (delete from api_key where id = any(array(select id from ended)) returning 1)
		select (select max(id) from page) as last_id, (select count(*)::int from page) as size,
			coalesce((select bool_and(is_old) from page), false) as is_old, (select count(*)::int from gone) as removed`;
	return stepOf(rows, "api_key");
}

/**
 * The counters of budgets' past periods, which nobody asks for, and lines that were still to be added to them; never that of
 * the present one, or of all time. Indexes: budget_pkey, budget_period_pkey, budget_change_pkey.
 */
export async function pruneBudgetPeriods(
	db: Database,
	step: Step,
): Promise<PruneStep> {
	const rows = await db.$queryRaw<(Page & { removed: number })[]>`
		with page as materialized (
			select id, least(${oldBefore(step.keepS)}, budget_start(period, now())) as keeps_from from budget
			where id > ${numberIn(step)} order by id limit ${budgetsAtOnce}::int),
		past as materialized (
			select old.* from page cross join lateral (
				select budget_id, starts_at from budget_period
				where budget_id = page.id and starts_at < page.keeps_from order by starts_at
				limit ${pruneRecordsAtOnce}::int) as old),
		line_gone as (
			delete from budget_change using past
			where budget_change.budget_id = past.budget_id and budget_change.starts_at = past.starts_at),
		gone as (
			delete from budget_period using past
			where budget_period.budget_id = past.budget_id and budget_period.starts_at = past.starts_at returning 1)
		select (select max(id)::text from page) as last_id, (select count(*)::int from page) as size, true as is_old,
			(select count(*)::int from gone) as removed`;
	return stepOf(rows, "budget_period", budgetsAtOnce);
}
