import { Prisma } from "@reelay/prisma/client";
import { idBefore } from "../domain/id-form.ts";
import type { JobState } from "../domain/job.ts";
import type { JobErrorCode, JobRecord } from "../domain/job-record.ts";
import type { Database } from "./database.ts";
import { oneOf } from "./sql.ts";

/** Which jobs; what is left out does not matter. All that is given must hold. */
export type JobFilter = {
	states?: readonly JobState[];
	modes?: readonly string[];
	errorCodes?: readonly JobErrorCode[];
	/** Each of them. */
	tags?: readonly string[];
	metadata?: Readonly<Record<string, string>>;
	externalId?: string | undefined;
	batchId?: string | undefined;
	retryOf?: string | undefined;
	createdFrom?: Date | undefined;
	createdBefore?: Date | undefined;
};

// An id holds the instant at which it was made, which is later than created_at by as long as its statement took.
const idSlackMs = 60_000;

/**
 * A page of the tenant's jobs, newest first, after the given id. A job that is accepted meanwhile comes before the first
 * page, so no page that follows shows anything twice or leaves anything out. Read in the order of an index whichever
 * filters are given: of a label, of a state, a mode or an error's code, else of all jobs. Where several are given, one is
 * read and the others are looked at in its rows; a page may then cost as many rows as have the one and not the others.
 */
export async function listJobs(
	db: Database,
	query: JobFilter & {
		tenantId: string;
		afterId: string | null;
		limit: number;
	},
): Promise<JobRecord[]> {
	const labels = labelsOf(query);
	const [label] = labels;
	const conditions = [
		Prisma.sql`job.tenant_id = ${query.tenantId}`,
		...conditionsOf(query),
	];
	if (label === undefined) {
		const where = [...conditions, ...placeOf(query, Prisma.sql`job.id`)];
		return db.$queryRaw<JobRecord[]>`
			select job.* from job where ${Prisma.join(where, " and ")}
			order by job.id desc limit ${query.limit}::int`;
	}
	const others = labels.slice(1).map(
		(other) => Prisma.sql`exists (select from job_label as other
				where other.tenant_id = ${query.tenantId} and other.label = ${other} and other.job_id = found.job_id)`,
	);
	const labelled = [
		Prisma.sql`found.tenant_id = ${query.tenantId} and found.label = ${label}`,
		...placeOf(query, Prisma.sql`found.job_id`),
		...others,
	];
	return db.$queryRaw<JobRecord[]>`
		select job.* from job_label as found join job on job.id = found.job_id
		where ${Prisma.join(labelled, " and ")} and ${Prisma.join(conditions, " and ")}
		order by found.job_id desc limit ${query.limit}::int`;
}

function labelsOf({ tags = [], metadata = {} }: JobFilter): Prisma.Sql[] {
	return [
		...tags.map((tag) => Prisma.sql`label_of('tag', ${tag})`),
		...Object.entries(metadata).map(
			([key, value]) => Prisma.sql`label_of(${`metadata.${key}`}, ${value})`,
		),
	];
}

/** From where on a page goes, and between which instants, said of the index that gives the order. */
function placeOf(
	{
		afterId,
		createdFrom,
		createdBefore,
	}: JobFilter & { afterId: string | null },
	id: Prisma.Sql,
): Prisma.Sql[] {
	const where: Prisma.Sql[] = [];
	if (afterId !== null) where.push(Prisma.sql`${id} < ${afterId}`);
	if (createdFrom !== undefined) {
		where.push(Prisma.sql`${id} > ${idBefore("job", createdFrom)}`);
	}
	if (createdBefore !== undefined) {
		const latest = new Date(createdBefore.getTime() + idSlackMs);
		where.push(Prisma.sql`${id} < ${idBefore("job", latest)}`);
	}
	return where;
}

function conditionsOf(query: JobFilter): Prisma.Sql[] {
	const { states = [], modes = [], errorCodes = [], tags = [] } = query;
	const metadata = query.metadata ?? {};
	const where: Prisma.Sql[] = [];
	if (states.length > 0)
		where.push(Prisma.sql`job.state in (${oneOf(states)})`);
	if (modes.length > 0) where.push(Prisma.sql`job.mode in (${oneOf(modes)})`);
	if (errorCodes.length > 0) {
		where.push(
			Prisma.sql`job.error is not null and job.error->>'code' in (${oneOf(errorCodes)})`,
		);
	}
	// A label is a part of a hash: what it finds is looked at again.
	if (tags.length > 0) {
		where.push(Prisma.sql`job.tags @> ${[...tags]}::text[]`);
	}
	if (Object.keys(metadata).length > 0) {
		where.push(Prisma.sql`job.metadata @> ${JSON.stringify(metadata)}::jsonb`);
	}
	if (query.externalId !== undefined) {
		where.push(Prisma.sql`job.external_id = ${query.externalId}`);
	}
	if (query.batchId !== undefined) {
		where.push(Prisma.sql`job.batch_id = ${query.batchId}`);
	}
	if (query.retryOf !== undefined) {
		where.push(Prisma.sql`job.retry_of = ${query.retryOf}`);
	}
	if (query.createdFrom !== undefined) {
		where.push(
			Prisma.sql`job.created_at >= ${query.createdFrom.toISOString()}::timestamptz`,
		);
	}
	if (query.createdBefore !== undefined) {
		where.push(
			Prisma.sql`job.created_at < ${query.createdBefore.toISOString()}::timestamptz`,
		);
	}
	return where;
}
