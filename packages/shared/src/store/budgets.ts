/**
 * Budgets, whose counters no statement here moves when a job does: triggers on job reserve what an insert counts, in the
 * insert's own commit, and note what changes later as a line that locks nothing (`budget_change`). A counter and its lines
 * together are always the sum over the rows; folding the lines in only keeps that sum short.
 *
 * Which budgets there are changes under a lock that every such trigger shares (`hold_budgets`), so a counter begins with
 * exactly the jobs that do not reserve in it themselves. The lock and the count need a snapshot each, which is why those
 * three are functions of the database.
 */
import { Prisma } from "@reelay/prisma/client";
import type {
	BudgetExcess,
	BudgetPeriod,
	BudgetRecord,
} from "../domain/budget.ts";
import { type Database, findCause } from "./database.ts";

/** Which budget of a tenant is meant; without a key it is the one of all its jobs. */
export type BudgetName = {
	tenantId: string;
	keyId: string | null;
	period: BudgetPeriod;
};

/**
 * Makes the budget or changes its limit. What is reserved already stays so under a lower limit, and only later jobs are
 * refused. A new one counts the rows of its present period, for which inserts of the tenant's jobs wait. May be called twice.
 */
export async function setBudget(
	db: Database,
	{ tenantId, keyId, period }: BudgetName,
	limitPoints: number,
): Promise<void> {
	await db.$queryRaw`
		select set_budget(${tenantId}, ${keyId}, ${period}, ${limitPoints}::bigint)`;
}

/** Ends the budget and forgets what it counted; false when there was none. */
export async function endBudget(
	db: Database,
	{ tenantId, keyId, period }: BudgetName,
): Promise<boolean> {
	const rows = await db.$queryRaw<{ was: boolean }[]>`
		select end_budget(${tenantId}, ${keyId}, ${period}) as was`;
	return rows[0]?.was ?? false;
}

/** The budget with its present period, or null. */
export async function findBudget(
	db: Database,
	{ tenantId, keyId, period }: BudgetName,
): Promise<BudgetRecord | null> {
	const rows = await db.$queryRaw<BudgetRecord[]>`
		select ${columns} from ${counted}
		where budget.tenant_id = ${tenantId} and coalesce(budget.key_id, '') = coalesce(${keyId}, '')
			and budget.period = ${period}`;
	return rows[0] ?? null;
}

/** Every budget of the tenant, its own before those of its keys. Index: budget_owner_period_key. */
export async function listBudgets(
	db: Database,
	tenantId: string,
): Promise<BudgetRecord[]> {
	return db.$queryRaw<BudgetRecord[]>`
		select ${columns} from ${counted} where budget.tenant_id = ${tenantId}
		order by budget.key_id nulls first, array_position(array['day', 'month', 'total'], budget.period)`;
}

/** Whether the tenant has such a key, valid or not. */
export async function hasApiKey(
	db: Database,
	tenantId: string,
	keyId: string,
): Promise<boolean> {
	const rows = await db.$queryRaw<{ id: string }[]>`
		select id from api_key where id = ${keyId} and tenant_id = ${tenantId}`;
	return rows.length > 0;
}

const columns = Prisma.sql`
	budget.key_id, budget.period, budget.limit_points::float8, counter.starts_at, budget.created_at, budget.updated_at,
	counter.used::float8 as used_points, counter.reserved::float8 as reserved_points`;

/** Budgets with what their present period has counted: its counter, and the lines that are not folded in yet. */
const counted = Prisma.sql`
	budget cross join lateral (
		select start.at as starts_at, coalesce(period.used, 0) + coalesce(line.used, 0) as used,
			coalesce(period.reserved, 0) + coalesce(line.reserved, 0) as reserved
		from (select budget_start(budget.period, now()) as at) as start
			left join budget_period as period on period.budget_id = budget.id and period.starts_at = start.at
			cross join lateral (select sum(used) as used, sum(reserved) as reserved from budget_change
				where budget_id = budget.id and starts_at = start.at) as line) as counter`;

/**
 * Folds lines into their counters, those of up to `limit` counters; returns how many lines there were. Without it they
 * would pile up where a tenant ends jobs and makes none. Counters that somebody else holds are left for the next pass.
 */
export async function foldBudgetChanges(
	db: Database,
	limit: number,
): Promise<number> {
	const rows = await db.$queryRaw<{ lines: number }[]>`
		with due as (
			select budget_id, starts_at from budget_change group by 1, 2 order by 1, 2 limit ${limit}::int),
		held as (
			select budget_id, starts_at from budget_period join due using (budget_id, starts_at)
			order by budget_id, starts_at for update of budget_period skip locked),
		folded as (
			delete from budget_change using held
			where budget_change.budget_id = held.budget_id and budget_change.starts_at = held.starts_at
			returning budget_change.*),
		sums as (
			select budget_id, starts_at, sum(used) as used, sum(reserved) as reserved, count(*)::int as lines
			from folded group by 1, 2),
		added as (
			update budget_period set used = budget_period.used + sums.used, reserved = budget_period.reserved + sums.reserved
			from sums where budget_period.budget_id = sums.budget_id and budget_period.starts_at = sums.starts_at
			returning sums.lines)
		select coalesce(sum(lines), 0)::int as lines from added`;
	return rows[0]?.lines ?? 0;
}

/** A counter that was not what the rows said, with what was missing in it; it is right again. */
export type BudgetDifference = {
	budget_id: string;
	tenant_id: string;
	key_id: string | null;
	period: BudgetPeriod;
	used_points: number;
	reserved_points: number;
};

/**
 * Compares the counter that nobody has looked at for longest, and for `everyS` at least, with the rows, in one snapshot. Where
 * they differ it begins anew with what the rows say. Null when they agree; undefined when none was due. They differ only
 * when somebody has written rows past the triggers, or deleted some.
 */
export async function recheckBudget(
	db: Database,
	everyS: number,
): Promise<BudgetDifference | null | undefined> {
	const due = await db.$queryRaw<{ id: string }[]>`
		update budget set checked_at = now() where id = (
			select id from budget where checked_at < now() - make_interval(secs => ${everyS}::int)
			order by checked_at limit 1 for update skip locked)
		returning id::text`;
	const [next] = due;
	if (next === undefined) return undefined;
	const [difference] = await db.$queryRaw<BudgetDifference[]>`
		select budget.id::text as budget_id, budget.tenant_id, budget.key_id, budget.period,
			(jobs.used - counter.used)::float8 as used_points, (jobs.reserved - counter.reserved)::float8 as reserved_points
		from ${counted}
			cross join lateral count_points(budget.tenant_id, budget.key_id, counter.starts_at) as jobs
		where budget.id = ${next.id}::bigint and counter.starts_at >= budget.counted_from
			and (jobs.used <> counter.used or jobs.reserved <> counter.reserved)`;
	if (difference === undefined) return null;
	await db.$queryRaw`select recount_budget(${next.id}::bigint)::text`;
	return difference;
}

/** The budget that refused an insert, or null when the error tells of something else. Nothing of that insert is left. */
export function findBudgetExcess(error: unknown): BudgetExcess | null {
	return findCause(error, ({ codes, detail }) =>
		codes.includes(budgetExceeded) && detail !== null
			? JSON.parse(detail)
			: null,
	);
}

/** The SQLSTATE that the trigger raises. */
const budgetExceeded = "RL402";
