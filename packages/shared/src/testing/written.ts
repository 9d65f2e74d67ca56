/** What the statements of a test have written, read back. */
import type { JobRecord } from "../domain/job-record.ts";
import { findJob } from "../store/jobs.ts";
import type { TestStore } from "./store.ts";

/** The job as it is now. */
export function reread(
	store: TestStore,
	job: Pick<JobRecord, "id">,
): Promise<JobRecord | null> {
	return findJob(store.db, store.tenantId, job.id);
}

/** The events of a job in the order of their birth, each as its type and its sequence. */
export async function eventsOf(
	{ db }: TestStore,
	job: Pick<JobRecord, "id">,
): Promise<string[]> {
	const rows = await db.$queryRaw<{ name: string }[]>`
		select type || ' ' || sequence as name from event where job_id = ${job.id} order by id`;
	return rows.map(({ name }) => name);
}

/** How many deliveries there are, of whatever state. */
export async function countDeliveries({ db }: TestStore): Promise<number> {
	const rows = await db.$queryRaw<{ n: number }[]>`
		select count(*)::int as n from delivery`;
	return rows[0]?.n ?? 0;
}

/** What came of each callback that was kept, the first one first. */
export function callbackOutcomes({
	db,
}: TestStore): Promise<{ outcome: string; reason: string | null }[]> {
	return db.$queryRaw`
		select outcome, reason from callback order by id`;
}
