import { setTimeout as delay } from "node:timers/promises";
import { type Served, serve } from "@reelay/shared/testing/serve";
import type { FaultStage } from "./stage.ts";

/** How a customer's endpoint ails: it holds each request for 30 s, or answers so at once. */
export type Ailment = "hangs" | 500 | 410;

export type SickReceiver = {
	url: string;
	requests(): number;
	/** From now on it answers 200 at once; what it holds as well. */
	cure(): void;
	close(): Promise<void>;
};

const hangMs = 30_000;

export async function startSickReceiver(
	ailment: Ailment,
): Promise<SickReceiver> {
	const cured = new AbortController();
	let requests = 0;
	const server: Served = await serve(async (request, response) => {
		requests += 1;
		request.resume();
		if (ailment === "hangs") {
			await delay(hangMs, null, { signal: cured.signal }).catch(() => {});
		}
		const isSick = typeof ailment === "number" && !cured.signal.aborted;
		response.writeHead(isSick ? ailment : 200).end();
	});
	return {
		url: `${server.url}/events`,
		requests: () => requests,
		cure: () => cured.abort(),
		close: server.close,
	};
}

/** Jobs that ended while their customer's endpoint was away, each with its event and a delivery that is due. */
export async function oweBacklog(
	{ sql }: FaultStage,
	{ url, count }: { url: string; count: number },
): Promise<void> {
	await sql(
		`with job_born as (
			insert into job (id, tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions, webhook_url,
				state, live, ready, error, finished_at)
			select new_id('job'), (select min(id) from tenant), 'see2ai_video_generation_kling_3_0_v1', 'text',
				'{"prompt": "a backlog", "duration": "3"}', sha256(n::text::bytea), now(), 1800, 3, $1 || '?n=' || n,
				'expired', false, false,
				'{"code": "start_deadline_passed", "message": "too late", "retryable": true, "provider": null}', now()
			from generate_series(1, $2::int) n returning *),
		told as (insert into timeline (job_id, type) select id, 'expired' from job_born),
		event_born as (
			insert into event (id, tenant_id, job_id, type, snapshot)
			select new_id('evt'), tenant_id, id, 'video.expired', to_jsonb(job_born) from job_born returning id, tenant_id, job_id)
		insert into delivery (id, event_id, tenant_id, url, lane)
		select new_id('dlv'), event_born.id, event_born.tenant_id, webhook_url,
			event_born.tenant_id || ' ' || substring(webhook_url from '^[^:]+://[^/?#]*')
		from event_born join job_born on job_born.id = job_id`,
		[url, count],
	);
}
