/**
 * Rows of jobs as the api and the worker would have left them, many in one statement, of a tenant of their own; and what
 * has become of jobs.
 */
import type { Rig } from "./rig.ts";
import { until } from "./until.ts";
import { aVideo } from "./video.ts";

type Rows = { count: number; webhookUrl?: string };

const tenantName = "bench";

const jobColumns = `id, tenant_id, action, mode, input, fingerprint, webhook_url, start_by, timeout_s, max_submissions,
	state, ready, submission_seq, submissions, charged, submitted_at`;

const jobValues = `made.job_id, (select id from tenant where name = '${tenantName}'),
	'see2ai_video_generation_kling_3_0_v1', 'text', $2::jsonb, decode(repeat('07', 32), 'hex'), $3::text,
	now() + interval '1 hour', 1800, 3`;

/** Jobs whose renders the provider has acknowledged; returns their submissions. */
export async function insertRendering(
	rig: Rig,
	{ count, webhookUrl }: Rows,
): Promise<{ id: string; task: string }[]> {
	await ensureTenant(rig);
	const made = await rig.sql<{ id: string; task: string }>(
		`with made as materialized (
			select new_id('job') as job_id, new_id('sub') as id, md5(random()::text) as task
			from generate_series(1, $1::int)),
		job_born as (
			insert into job (${jobColumns})
			select ${jobValues}, 'rendering', false, 1, 1, 'possible', now() from made),
		submission_born as (
			insert into submission (id, job_id, n, state, provider_task_id, answered_at, callback_due_at)
			select id, job_id, 1, 'accepted', task, now(), now() + interval '30 minutes' from made),
		told as (
			insert into timeline (job_id, type, data)
			select job_id, type, '{}' from made, unnest('{accepted,submitting,rendering}'::text[]) as type)
		select id, task from made`,
		[count, aVideo, webhookUrl ?? null],
	);
	await rig.sql("analyze job, submission, timeline");
	return made;
}

/** Jobs that wait, and for which nobody has rung. */
export async function insertQueued(
	rig: Rig,
	{ count, webhookUrl }: Rows,
): Promise<void> {
	await ensureTenant(rig);
	await rig.sql(
		`with made as materialized (
			select new_id('job') as job_id from generate_series(1, $1::int)),
		job_born as (
			insert into job (${jobColumns})
			select ${jobValues}, 'queued', true, 0, 0, 'no', null from made)
		insert into timeline (job_id, type) select job_id, 'accepted' from made`,
		[count, aVideo, webhookUrl ?? null],
	);
	await rig.sql("analyze job, timeline");
}

/** Lets what is queued stay queued, for as long as any bench runs; a worker must have started before. */
export async function closeProvider(rig: Rig): Promise<void> {
	await rig.sql("update governor set blocked_until = now() + interval '1 day'");
}

/** Waits until each queued job has been rung for since an instant; nobody rings for those that are to wait until later. */
export async function untilRungFor(rig: Rig, since: string): Promise<void> {
	await until("every queued job has been rung for", async () => {
		const [open] = await rig.sql(
			`select from job where ready and not_before <= now()
				and (hinted_at is null or hinted_at < $1::timestamptz) limit 1`,
			[since],
		);
		return open === undefined;
	});
}

async function ensureTenant(rig: Rig): Promise<void> {
	await rig.sql(
		`insert into tenant (id, name) values (new_id('ten'), $1) on conflict do nothing`,
		[tenantName],
	);
}

/** How many there are of each thing that a job leaves behind; all are equal when nothing was lost, missed or doubled. */
export type Ends = {
	jobs: number;
	succeeded: number;
	events: number;
	deliveries: number;
	delivered: number;
	quarantined: number;
};

/** Of the jobs that were accepted since an instant of the database's clock. */
export async function countEnds(rig: Rig, since: string): Promise<Ends> {
	const [ends] = await rig.sql<Ends>(
		`with mine as materialized (
			select id, state from job where created_at >= $1::timestamptz),
		born as materialized (
			select event.id from event join mine on mine.id = job_id where type = 'video.succeeded')
		select (select count(*)::int from mine) as jobs,
			(select count(*)::int from mine where state = 'succeeded') as succeeded,
			(select count(*)::int from born) as events,
			(select count(*)::int from delivery join born on born.id = event_id) as deliveries,
			(select count(*)::int from delivery join born on born.id = event_id where state = 'delivered') as delivered,
			(select count(*)::int from callback where outcome = 'quarantined' and received_at >= $1::timestamptz) as quarantined`,
		[since],
	);
	if (ends === undefined) throw new Error("the jobs could not be counted");
	return ends;
}

/** The database's clock, which all instants of rows are of. */
export async function nowOf(rig: Rig): Promise<string> {
	const [row] = await rig.sql<{ now: string }>(
		"select clock_timestamp()::text as now",
	);
	return row?.now ?? "";
}
