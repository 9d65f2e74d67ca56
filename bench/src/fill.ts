/**
 * What months of use leave behind, written in SQL: finished jobs with all that a real one has (its submission, the callback
 * that settled it, three lines of timeline, its event, the delivery of that and its attempt), and jobs that wait.
 */
import pg from "pg";

/** How many jobs have ended, and how many are queued. */
export type History = { finished: number; queued: number };

export const fullHistory: History = { finished: 1_000_000, queued: 100_000 };
/** Enough to show that it runs. */
export const shortHistory: History = { finished: 2_000, queued: 500 };

const stepRows = 20_000;

/** Writes it into a database of our schema that holds nothing, and leaves that as a quiet night would: vacuumed and analysed. */
export async function fillDatabase(
	url: string,
	{ finished, queued }: History,
): Promise<void> {
	const clients = await Promise.all(past.map(() => connectForFilling(url)));
	const [client] = clients as [pg.Client];
	try {
		await client.query(tenants);
		await Promise.all(
			clients.map(async (one, n) => {
				for (let from = 0; from < finished; from += stepRows) {
					const step = [from, Math.min(from + stepRows, finished) - 1];
					for (const statement of past[n] ?? [])
						await one.query(statement, step);
				}
			}),
		);
		await client.query(waiting, [finished, finished + queued - 1]);
		await client.query("set synchronous_commit = on");
		await client.query("vacuum analyze");
		await client.query("checkpoint");
	} finally {
		for (const one of clients) await one.end();
	}
}

/** Triggers and foreign keys would only slow down what is known to be right, and no crash must be survived yet. */
async function connectForFilling(url: string): Promise<pg.Client> {
	const client = new pg.Client({ connectionString: url });
	await client.connect();
	await client.query("set session_replication_role = replica");
	await client.query("set synchronous_commit = off");
	return client;
}

/** Lets what is queued wait until tomorrow, as if it had been sent with that `run_at`, so that a worker leaves it alone. */
export async function holdBacklog(client: pg.Client): Promise<void> {
	const { rowCount } = await client.query(
		"update job set not_before = now() + interval '1 day', scheduled = true where ready",
	);
	if ((rowCount ?? 0) > 0) await client.query("vacuum analyze job");
}

// The first tenant, whose key the load comes with, has half of all jobs; nine others share the rest.
const tenants = `
	insert into tenant (id, name)
	select 'ten_' || lpad(n::text, 26, '0'), case n when 0 then 'default' else 'tenant ' || n end
	from generate_series(0, 9) as n`;
const tenantOf =
	"'ten_' || lpad((case when n % 2 = 0 then 0 else n % 9 + 1 end)::text, 26, '0')";

// Ids sort by time as real ones do, and before all that are made now; the rest of each looks random.
const idOf = (prefix: string) =>
	`'${prefix}_' || lpad(to_hex(n), 10, '0') || substr(md5('${prefix}' || n), 1, 16)`;

// Over the last ninety days; every tenth job failed.
const at = "now() - interval '90 days' + n * interval '7 s'";
const isGood = "n % 10 <> 0";
const input = `jsonb_build_object('prompt', 'A quiet lake at dawn, mist over the water, slow pan to the left, take ' || n,
	'image_urls', '[]'::jsonb, 'sound', false, 'duration', '5', 'aspect_ratio', '16:9', 'mode', 'pro',
	'multi_shots', false, 'multi_prompt', '[]'::jsonb, 'kling_elements', '[]'::jsonb)`;
const output = `jsonb_build_object('urls', jsonb_build_array('https://videos.example.com/' || md5('v' || n) || '.mp4'),
	'task_id', md5('t' || n), 'model', 'kling-3.0', 'source', 'callback', 'cost_time_ms', 81000, 'cost_points', 200)`;
const result = `${output} || jsonb_build_object('received_at', ${at} + interval '83 s')`;
const failure = `jsonb_build_object('code', 'provider_failed', 'message', 'The provider could not make it.', 'retryable', true)`;
const url = "'https://customer.example.com/hooks'";
const numbers = "from generate_series($1::int, $2::int) as n";

// Two connections share it, for with the foreign keys asleep no table waits for another.
const past = [
	[
		`insert into job (id, tenant_id, action, mode, input, fingerprint, metadata, webhook_url, state, live, ready, start_by, timeout_s,
		submission_seq, submissions, max_submissions, settled_by, result, error, charged, cost_points, price_class,
		video_seconds, estimate_points, created_at, submitted_at, updated_at, finished_at, not_before)
	select ${idOf("job")}, ${tenantOf}, 'see2ai_video_generation_kling_3_0_v1', 'text', ${input}, sha256(n::text::bytea),
		jsonb_build_object('order', n::text), ${url}, case when ${isGood} then 'succeeded' else 'failed' end, false, false,
		${at} + interval '1 h', 1800, 1, 1, 3, ${idOf("sub")}, case when ${isGood} then ${result} end,
		case when ${isGood} then null else ${failure} end, case when ${isGood} then 'yes' else 'no' end,
		case when ${isGood} then 200 end, 'pro/5s/silent', 5, 200, ${at}, ${at} + interval '1 s',
		${at} + interval '83 s', ${at} + interval '83 s', ${at}
	${numbers}`,
		`insert into job_label (tenant_id, label, job_id)
	select ${tenantOf}, label_of('metadata.order', n::text), ${idOf("job")} ${numbers}`,
		`insert into submission (id, job_id, n, state, live, provider_task_id, http_status, charged, output, intent_at,
		answered_at, callback_due_at, settled_at)
	select ${idOf("sub")}, ${idOf("job")}, 1, case when ${isGood} then 'succeeded' else 'failed' end, false, md5('t' || n),
		200, case when ${isGood} then 'yes' else 'no' end, case when ${isGood} then ${output} end, ${at} + interval '1 s',
		${at} + interval '2 s', ${at} + interval '30 min', ${at} + interval '83 s'
	${numbers}`,
		`insert into callback (submission_id, body_sha, body, kind, outcome, received_at)
	select ${idOf("sub")}, sha256(('b' || n)::bytea), (${output})::text,
		case when ${isGood} then 'succeeded' else 'failed' end, 'settled', ${at} + interval '83 s'
	${numbers}`,
	],
	[
		`insert into timeline (job_id, type, data, at)
	select ${idOf("job")}, step.type, step.data, ${at} + step.after * interval '1 s'
	from generate_series($1::int, $2::int) as n, lateral (values (0, 'accepted', '{}'::jsonb),
		(1, 'submitting', jsonb_build_object('submission', ${idOf("sub")}, 'n', 1)),
		(83, case when ${isGood} then 'succeeded' else 'failed' end, jsonb_build_object('submission', ${idOf("sub")})))
		as step (after, type, data)
	order by n, step.after`,
		`insert into event (id, tenant_id, job_id, type, snapshot, position, created_at)
	select ${idOf("evt")}, ${tenantOf}, ${idOf("job")},
		case when ${isGood} then 'video.succeeded' else 'video.failed' end,
		jsonb_build_object('id', ${idOf("job")}, 'state', case when ${isGood} then 'succeeded' else 'failed' end,
			'input', ${input}, 'result', ${result}, 'charged', 'yes', 'cost_points', 200), 1, ${at} + interval '83 s'
	${numbers}`,
		`insert into delivery (id, event_id, tenant_id, url, lane, state, attempts, due_at, last_status, created_at, finished_at)
	select ${idOf("dlv")}, ${idOf("evt")}, ${tenantOf}, ${url}, 'customer', 'delivered', 1,
		null, 200, ${at} + interval '83 s', ${at} + interval '84 s'
	${numbers}`,
		`insert into attempt (delivery_id, n, outcome, status, duration_ms, at)
	select ${idOf("dlv")}, 1, 'delivered', 200, 42, ${at} + interval '84 s' ${numbers}`,
	],
];

const waiting = `
	insert into job (id, tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions, price_class,
		video_seconds, estimate_points, hinted_at)
	select ${idOf("job")}, ${tenantOf}, 'see2ai_video_generation_kling_3_0_v1', 'text', ${input}, sha256(n::text::bytea),
		now() + interval '7 days', 1800, 3, 'pro/5s/silent', 5, 200, now()
	${numbers}`;
