/** Sweeps are proven on a cast of rows: what was to be changed was, and nobody else. */

import { aJob, type JobSpec, type TestJob } from "./factories.ts";
import type { TestStore } from "./store.ts";

/** Makes the cast, runs the sweep, and names those whose rows it changed: job, submission, event or timeline. */
export async function changedBy(
	store: TestStore,
	cast: Record<string, JobSpec>,
	sweep: () => Promise<unknown>,
): Promise<{ changed: string[]; jobs: Record<string, TestJob> }> {
	const jobs: Record<string, TestJob> = {};
	for (const [name, spec] of Object.entries(cast)) {
		jobs[name] = await aJob(store, {
			webhookUrl: "https://example.com/hook",
			...spec,
		});
	}
	const look = () => store.db.$queryRaw<{ id: string; all: unknown }[]>`
		select job.id, jsonb_build_array(to_jsonb(job),
			(select jsonb_agg(to_jsonb(s) order by n) from submission s where job_id = job.id),
			(select jsonb_agg(to_jsonb(e)) from event e where job_id = job.id),
			(select jsonb_agg(to_jsonb(t) order by t.id) from timeline t where job_id = job.id)) as all
		from job`;
	const before = new Map(
		(await look()).map(({ id, all }) => [id, JSON.stringify(all)]),
	);
	await sweep();
	const after = new Map(
		(await look()).map(({ id, all }) => [id, JSON.stringify(all)]),
	);
	const changed = Object.entries(jobs).flatMap(([name, { id }]) =>
		before.get(id) === after.get(id) ? [] : [name],
	);
	return { changed, jobs };
}

/** One job in each state, with nothing about it overdue. */
export const allOtherStates = {
	queued: {},
	submitting: { state: "submitting" },
	rendering: { state: "rendering" },
	unknown: { state: "unknown" },
	overdue: { state: "overdue" },
	succeeded: { state: "succeeded" },
	failed: { state: "failed" },
	cancelled: { state: "cancelled" },
	expired: { state: "expired" },
} as const satisfies Record<string, JobSpec>;
