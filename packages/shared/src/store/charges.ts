import type { Charge } from "../domain/job.ts";
import type { Database } from "./database.ts";

/** What a submission is known to have cost. */
export type ChargeRecord = {
	id: string;
	job_id: string;
	tenant_id: string;
	task_id: string | null;
	state: string;
	live: boolean;
	charged: Charge;
	/** Null where no price was told. */
	points: number | null;
	intent_at: Date;
	settled_at: Date | null;
};

/**
 * Every tenant's submissions that were written in this time, refused ones left out, in their order, after the given id. Index:
 * submission_pkey, by the time that is in an id.
 */
export async function listCharges(
	db: Database,
	query: { from: Date; until: Date; afterId: string; limit: number },
): Promise<ChargeRecord[]> {
	const { from, until } = query;
	return db.$queryRaw<ChargeRecord[]>`
		select submission.id, job_id, tenant_id, provider_task_id as task_id, submission.state, submission.live,
			submission.charged, (output->>'cost_points')::int as points, intent_at, settled_at
		from submission join job on job.id = job_id
		where submission.id > ${query.afterId} and submission.id >= id_before('sub', ${from.toISOString()}::timestamptz)
			and submission.id < id_before('sub', ${until.toISOString()}::timestamptz) and submission.state <> 'rejected'
		order by submission.id limit ${query.limit}::int`;
}
