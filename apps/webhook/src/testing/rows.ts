import type { ReceiverStage } from "./stage.ts";

/** A job with all that a callback may have changed. */
export type Row = {
	state: string;
	submission_state: string;
	charged: string;
	cost_points: number | null;
	result: { result_urls: string[]; task_id: string } | null;
	error: { code: string; message: string } | null;
	provider_task_id: string | null;
	events: string[];
	deliveries: number;
	callbacks: string[];
	timeline: string[];
};

export async function find(stage: ReceiverStage, jobId: string): Promise<Row> {
	const rows = await stage.db.$queryRaw<Row[]>`
		select job.state, s.state as submission_state, job.charged, cost_points, result, job.error, provider_task_id,
			array(select type from event where job_id = job.id order by id) as events,
			(select count(*)::int from delivery join event on event.id = event_id where job_id = job.id) as deliveries,
			array(select outcome from callback where submission_id = s.id order by id) as callbacks,
			array(select type from timeline where job_id = job.id order by id) as timeline
		from job join submission s on s.job_id = job.id where job.id = ${jobId}`;
	const [row] = rows;
	if (row === undefined) throw new Error("no such job");
	return row;
}
