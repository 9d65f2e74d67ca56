import { Prisma } from "@reelay/prisma/client";
import {
	maxUsageRows,
	type UsageGroup,
	type UsageRange,
	usageGroups,
} from "../domain/usage.ts";
import type { Usage, UsageRow } from "../domain/usage-record.ts";
import type { Database } from "./database.ts";

// A job's id is made in the statement that makes the job, which is given up after 15 s; clocks may be set as well.
const idLag = Prisma.sql`interval '1 hour'`;

/**
 * What a tenant's jobs of some days have cost, in one snapshot: those that are there, and the sums that removed ones have left.
 * Jobs are counted once, and told apart by tags only then. It reads those days' jobs and no others. Indexes:
 * job_tenant_id_idx, by the time that is in an id, and usage_day_pkey.
 */
export async function findUsage(
	db: Database,
	query: UsageRange & { tenantId: string; groups: readonly UsageGroup[] },
): Promise<Usage> {
	const { tenantId, from, until, groups } = query;
	// A job's tags stay together until all jobs are counted.
	const first = groups.map((group) => columns[group]);
	const hasTags = groups.includes("tag");
	const [since, before] = [from, until].map(
		(at) => Prisma.sql`${at.toISOString()}::timestamptz`,
	) as [Prisma.Sql, Prisma.Sql];
	const rows = await db.$queryRaw<(UsageRow & { is_total: boolean })[]>`
		with counted as materialized (
			select ${Prisma.join([...first.map(({ column }) => column), counts])}
			from job where tenant_id = ${tenantId}
				and id >= id_before('job', ${since}) and id < id_before('job', ${before} + ${idLag})
				and created_at >= ${since} and created_at < ${before}
			${groupedBy(first.map(({ name }) => name))}
			union all
			select ${Prisma.join([...first.map(({ summed }) => summed), sumsOfRemoved])}
			from usage_day where tenant_id = ${tenantId}
				and day >= (${since} at time zone 'UTC')::date and day < (${before} at time zone 'UTC')::date),
		shown as (
			select ${Prisma.join(labels(groups))}, ${sums} from counted
			${hasTags ? Prisma.sql`left join lateral unnest(counted.tags) as tag on true` : Prisma.empty}
			${groupedBy(groups)}
			order by day, mode, tag, state, key limit ${maxUsageRows + 1}::int)
		select true as is_total, ${Prisma.join(labels([]))}, ${sums} from counted
		union all
		select false, * from shown ${groups.length === 0 ? Prisma.sql`where false` : Prisma.empty}`;
	const [total] = rows.filter((row) => row.is_total);
	if (total === undefined) throw new Error("the usage has no total");
	const shown = rows.filter((row) => !row.is_total);
	return { total, rows: shown.length > maxUsageRows ? null : shown };
}

/** What tells jobs apart: its name, and how the row of a job and that of a day's sums say it. */
const columns: Record<
	UsageGroup,
	{ name: string; column: Prisma.Sql; summed: Prisma.Sql }
> = {
	day: {
		name: "day",
		column: Prisma.sql`to_char(created_at at time zone 'UTC', 'YYYY-MM-DD') as day`,
		summed: Prisma.sql`to_char(day, 'YYYY-MM-DD')`,
	},
	mode: {
		name: "mode",
		column: Prisma.sql`mode`,
		summed: Prisma.sql`mode`,
	},
	tag: {
		name: "tags",
		column: Prisma.sql`tags`,
		summed: Prisma.sql`tags`,
	},
	state: {
		name: "state",
		column: Prisma.sql`state`,
		summed: Prisma.sql`state`,
	},
	key: {
		name: "key",
		column: Prisma.sql`key_id as key`,
		summed: Prisma.sql`nullif(key_id, '')`,
	},
};

const used = Prisma.sql`job_used_points(live, charged, cost_points, estimate_points)`;
const counts = Prisma.sql`
	count(*) as jobs, sum(submission_seq) as submissions,
	coalesce(sum(video_seconds) filter (where state = 'succeeded'), 0) as video_seconds,
	coalesce(sum(${used}) filter (where charged = 'yes'), 0) as spent_points,
	coalesce(sum(${used}) filter (where charged = 'possible'), 0) as possible_points,
	sum(job_reserved_points(live, cost_points, estimate_points)) as reserved_points`;

// In the order of `counts`. No removed job is live, or in doubt.
const sumsOfRemoved = Prisma.sql`jobs, submissions, video_seconds, spent_points, 0, 0`;

const sums = Prisma.join(
	[
		"jobs",
		"submissions",
		"video_seconds",
		"spent_points",
		"possible_points",
		"reserved_points",
	].map((name) => Prisma.raw(`coalesce(sum(${name}), 0)::float8 as ${name}`)),
);

/** Every label, and null for those that were not asked for. */
const labels = (groups: readonly UsageGroup[]): Prisma.Sql[] =>
	usageGroups.map((name) =>
		Prisma.raw(groups.includes(name) ? name : `null::text as ${name}`),
	);

const groupedBy = (names: readonly string[]): Prisma.Sql =>
	names.length === 0
		? Prisma.empty
		: Prisma.raw(`group by ${names.join(", ")}`);
