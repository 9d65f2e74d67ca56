/**
 * One look at the whole database that says which promises its rows break. Each rule is a query whose rows are the
 * violations, in one statement and therefore one snapshot, so that it may run while everything else does: at no commit
 * may a rule be broken. What only the provider's ledger or an endpoint can tell is not here.
 */
import type { Database } from "../store/database.ts";
import { endpointDeleted } from "../store/deliveries.ts";

export type Violation = { rule: string; id: string; detail: string };

/**
 * Every broken rule, sorted; empty when all hold. `staleAfterS` is how long a sweep may be late before a row counts as
 * forgotten; without it lateness is no violation, for a test that ages rows or runs no sweeps.
 */
export async function findViolations(
	db: Pick<Database, "$queryRaw">,
	{ staleAfterS = null }: { staleAfterS?: number | null } = {},
): Promise<Violation[]> {
	return db.$queryRaw<Violation[]>`
		with open_submission as (select * from submission where live),
		-- A "definite no" that the provider took back later was no choice of ours to spend twice.
		rejected_once as (select distinct data->>'submission' as id from timeline where type = 'requeued'),
		ledger as (
			select job_id, count(*)::int as total, max(n) as last_n,
				count(*) filter (where charged <> 'no' and id not in (select id from rejected_once where id is not null))::int
					as chargeable,
				count(*) filter (where state = 'succeeded')::int as succeeded,
				sum((output->>'cost_points')::int)::int as points,
				case when bool_or(charged = 'yes') then 'yes' when bool_or(charged = 'possible') then 'possible' else 'no' end
					as charged
			from submission group by job_id),
		final_events as (
			select job_id, count(*)::int as total, min(type) as type, min(sequence) as sequence, min(id) as id
			from event where type in ('video.succeeded', 'video.failed', 'video.cancelled', 'video.expired')
			group by job_id),
		final_lines as (
			select job_id, count(*)::int as total, min(type) as type from timeline
			where type in ('succeeded', 'failed', 'cancelled', 'expired') group by job_id),
		surplus_events as (
			select job_id, count(*)::int as total, max(sequence) as last from event
			where type = 'video.surplus_result' group by job_id),
		-- Whose events may have been removed by age: those of what had ended before the last one that was.
		forgotten as (
			select job.id from job join feed_mark on feed_mark.tenant_id = job.tenant_id
			where event_id >= id_before('evt', job.finished_at)
			union all
			select batch.id from batch join feed_mark on feed_mark.tenant_id = batch.tenant_id
			where event_id >= id_before('evt', batch.finished_at))

		-- I9: each live job has a row that some sweep will find: its ready self, or its live submission.
		select 'job state agrees with its submission' as rule, job.id, job.state || ' with ' || coalesce(s.state, 'none')
			|| case when s.overdue_at is null then '' else ' overdue' end as detail
		from job left join open_submission s on s.job_id = job.id
		where job.live and not coalesce(case job.state
			when 'queued' then s.id is null
			when 'submitting' then s.state = 'intent'
			when 'rendering' then s.state = 'accepted' and s.overdue_at is null
			when 'unknown' then s.state = 'unknown' and s.overdue_at is null
			when 'overdue' then s.state in ('accepted', 'unknown') and s.overdue_at is not null end, false)
		union all
		select 'a final job has no live submission, unless another one ended it', job.id, s.id
		from job join open_submission s on s.job_id = job.id
		where not job.live and (job.settled_by is null or job.settled_by = s.id)
		union all
		select 'a finished batch has no live job', batch.id, job.id
		from batch join job on job.batch_id = batch.id where job.live and batch.finished_at is not null
		union all
		select 'a finished batch that has jobs is told of once', batch.id, count(event.id)::text
		from batch left join event on event.type = 'batch.finished' and event.snapshot->>'id' = batch.id
		where batch.size > 0 group by batch.id, batch.finished_at
		having count(event.id) <> case when batch.finished_at is null then 0 else 1 end
			and not (count(event.id) = 0 and batch.id in (select id from forgotten))
		union all
		select 'one live submission per job', job_id, count(*)::text
		from open_submission group by job_id having count(*) > 1
		union all
		-- I2
		select 'chargeable submissions stay within the budget', job.id, chargeable || ' of ' || max_submissions
		from job join ledger on job_id = job.id where chargeable > max_submissions
		union all
		select 'submissions are numbered without a gap', job.id, submission_seq || ' for ' || coalesce(total, 0)
		from job left join ledger on job_id = job.id
		where submission_seq <> coalesce(total, 0) or submission_seq <> coalesce(last_n, 0) or submissions > submission_seq
		union all
		select 'the job tells what its submissions cost', job.id, charged_of_job || ', ' || coalesce(cost_points::text, 'null')
			|| ' points; they say ' || charged_of_ledger || ', ' || coalesce(points::text, 'null')
		from (select job.id, job.charged as charged_of_job, cost_points, coalesce(ledger.charged, 'no') as charged_of_ledger,
			points from job left join ledger on job_id = job.id) as job
		where charged_of_job <> charged_of_ledger or cost_points is distinct from points
		union all
		select 'a live submission is possibly charged', id, charged from open_submission where charged <> 'possible'
		union all

		-- I4
		select 'one final event for a final job, none for a live one', job.id, job.state || ' with ' || coalesce(total, 0)
			|| ' ' || coalesce(type, '')
		from job left join final_events e on e.job_id = job.id
		where case when job.live then e.total is not null
			when e.total is null then job.id not in (select id from forgotten)
			else e.total <> 1 or e.type <> 'video.' || job.state or e.sequence <> 1 end
		union all
		select 'one final line in the timeline of a final job', job.id, job.state || ' with ' || coalesce(total, 0)
		from job left join final_lines l on l.job_id = job.id
		where case when job.live then l.total is not null else l.total is distinct from 1 or l.type <> job.state end
		union all
		select 'surplus results are counted and told', job.id, surplus_results || ' with ' || coalesce(e.total, 0)
			|| ' events and ' || coalesce(succeeded, 0) || ' successes'
		from job left join surplus_events e on e.job_id = job.id left join ledger on ledger.job_id = job.id
		where ((surplus_results <> coalesce(e.total, 0) or surplus_results <> coalesce(e.last, 0))
				and not (surplus_results > coalesce(e.total, 0) and job.id in (select id from forgotten)))
			or coalesce(succeeded, 0) <> surplus_results + case when job.result is null then 0 else 1 end
		union all
		select 'the result is that of the submission that ended the job', job.id, coalesce(settled_by, 'none')
		from job left join submission s on s.id = settled_by and s.job_id = job.id
		where (job.live and settled_by is not null) or (settled_by is not null and (s.id is null or s.live))
			or (job.result is not null and (s.state is distinct from 'succeeded' or job.result - 'received_at' <> s.output))
		union all
		select 'a job that never was sent costs nothing', id, state from job
		where submission_seq = 0 and (charged <> 'no' or submitted_at is not null or settled_by is not null)
		union all

		-- I5
		select 'a final event is owed to the job''s URL, once', job.id, count(delivery.id)::text
		from job join final_events e on e.job_id = job.id left join delivery on delivery.event_id = e.id and endpoint_id is null
		where job.erased_at is null
		group by job.id having count(delivery.id) <> case when job.webhook_url is null then 0 else 1 end
		union all
		select 'a delivery belongs to its event''s tenant', delivery.id, delivery.tenant_id
		from delivery join event on event.id = event_id left join job on job.id = event.job_id
			left join endpoint on endpoint.id = endpoint_id
		where delivery.tenant_id <> event.tenant_id or event.tenant_id <> job.tenant_id or event.tenant_id <> endpoint.tenant_id
		union all
		-- A change of an endpoint that was under way when the event was born may be seen by one and not by the other.
		select 'an event is owed to each endpoint that asked for it', event.id, endpoint.id from event
		join endpoint on endpoint.tenant_id = event.tenant_id and endpoint.updated_at < event.created_at - interval '5 s'
			and event.job_id is not null and (event.type = any(endpoint.events) or '*' = any(endpoint.events))
		where not exists (select from delivery where event_id = event.id and endpoint_id = endpoint.id)
		union all
		select 'no attempt is logged that was not counted', id, attempts::text from delivery
		where (select max(n) from attempt where delivery_id = delivery.id) > attempts
		union all
		select 'a delivery that ended has the attempt that ended it', id, state from delivery
		where state not in ('pending', 'held') and coalesce(last_error, '') <> ${endpointDeleted}
			and not exists (select from attempt where delivery_id = delivery.id
			and outcome = case state when 'exhausted' then 'retry' else state end)
		union all
		select 'only a pending delivery is leased', id, state from delivery where state <> 'pending' and lease_owner is not null
		union all

		-- I3
		select 'a success that was kept is reflected', c.id::text, c.outcome || ' while the submission is ' || s.state
		from callback c join submission s on s.id = c.submission_id
		where c.kind = 'succeeded' and c.outcome <> 'quarantined' and s.state <> 'succeeded'
		union all
		select 'a failure that was kept has ended its submission', c.id::text, c.outcome
		from callback c join submission s on s.id = c.submission_id
		where c.kind = 'failed' and c.outcome <> 'quarantined' and s.live
		union all
		select 'a submission is settled by one callback at most', submission_id, outcome || ' x ' || count(*)
		from callback where outcome in ('settled', 'surplus') group by submission_id, outcome having count(*) > 1
		union all

		-- I7, as far as rows show it: whatever runs is counted.
		select 'no running submission is older than the governor knows of', s.id, grant_no::text
		from open_submission s, governor where overdue_at is null and grant_no < oldest_running
		union all
		select 'no grant is numbered beyond the count', id, grant_no::text
		from submission, governor where grant_no > granted
		union all
		select 'grants are in the order of their numbers', id, grant_no::text from (
			select id, grant_no, intent_at < lag(intent_at) over (order by grant_no) as is_early
			from submission where grant_no is not null) as s
		where is_early
		union all

		-- Whose own sum this is, and not the triggers' word.
		select 'a budget has counted what its jobs count', b.id::text, b.period || ' ' || coalesce(c.used, 0) || ' used and '
			|| coalesce(c.reserved, 0) || ' reserved; the rows say ' || jobs.used || ' and ' || jobs.reserved
		from (select *, budget_start(period, now()) as start from budget) as b
		cross join lateral (select sum(used) as used, sum(reserved) as reserved from (
			select used, reserved from budget_period where budget_id = b.id and starts_at = b.start
			union all select used, reserved from budget_change where budget_id = b.id and starts_at = b.start) as lines) as c
		cross join lateral (select
			coalesce(sum(coalesce(cost_points, estimate_points, 0)) filter (where not live and charged <> 'no'), 0) as used,
			coalesce(sum(greatest(cost_points, estimate_points, 0)) filter (where live), 0) as reserved
			from job where tenant_id = b.tenant_id and created_at >= b.start and (b.key_id is null or b.key_id = key_id)) as kept
		cross join lateral (select coalesce(sum(spent_points), 0) as used from usage_day where tenant_id = b.tenant_id
			and day >= (b.start at time zone 'UTC')::date and (b.key_id is null or b.key_id = key_id)) as removed
		cross join lateral (select kept.used + removed.used as used, kept.reserved) as jobs
		where b.counted_from <= b.start and (coalesce(c.used, 0) <> jobs.used or coalesce(c.reserved, 0) <> jobs.reserved)
		union all

		-- I1, I9
		select 'no sweep has forgotten a row', id, what from (
			select id, 'ready since ' || not_before as what, start_by as due_at from job where ready
			union all select id, 'scheduled for ' || not_before, not_before from job where ready and scheduled
			union all select id, 'lease until ' || lease_until, lease_until from submission where lease_until is not null
			union all select id, 'due at ' || callback_due_at, callback_due_at from submission where live and lease_until is null
			union all select id, 'due at ' || due_at, due_at from delivery where due_at is not null) as swept
		where due_at < now() - make_interval(secs => ${staleAfterS}::float8)
		order by 1, 2`;
}
