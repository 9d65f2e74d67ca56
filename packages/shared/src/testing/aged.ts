/** Rows that were written long ago. */
import type { Database } from "../store/database.ts";
import { aJob, type JobSpec, type TestJob } from "./factories.ts";
import type { TestStore } from "./store.ts";

/** Thirty days, beside which the job below is old. */
export const keepS = 30 * 86_400;

/** A job that ended forty days ago, and of which everything was delivered; succeeded, if nothing is said. */
export async function anOldJob(
	store: TestStore,
	spec: JobSpec = {},
): Promise<TestJob> {
	const job = await aJob(store, { state: "succeeded", ...spec });
	await deliverAll(store.db);
	await ageJobs(store.db, [job.id], 40);
	return job;
}

/** Moves everything of these jobs into the past, so that it is as if they had ended so many days ago. */
export async function ageJobs(
	db: Database,
	ids: readonly string[],
	days: number,
): Promise<void> {
	const ago = days * 86_400;
	await db.$executeRaw`
		with e as (
			update event set created_at = created_at - make_interval(secs => ${ago}::float8)
			where job_id = any(${[...ids]}::text[])),
		b as (
			update batch set created_at = created_at - make_interval(secs => ${ago}::float8),
				finished_at = finished_at - make_interval(secs => ${ago}::float8)
			where id in (select batch_id from job where id = any(${[...ids]}::text[])))
		update job set created_at = created_at - make_interval(secs => ${ago}::float8),
			finished_at = finished_at - make_interval(secs => ${ago}::float8)
		where id = any(${[...ids]}::text[])`;
}

/** Ends everything that is owed, as if the receivers had taken it. */
export async function deliverAll(db: Database): Promise<void> {
	await db.$executeRaw`
		with sent as (
			update delivery set state = 'delivered', due_at = null, lease_owner = null, finished_at = now(), attempts = attempts + 1
			where finished_at is null returning id, attempts)
		insert into attempt (delivery_id, n, outcome, duration_ms) select id, attempts, 'delivered', 1 from sent`;
}
