import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { FaultStage } from "./stage.ts";

/** Keeps as many jobs queued as the worker can take, so that what it ends in a second is what it is able to. */
export type Saturation = {
	/** Jobs that ended per second, in the whole window and in the last third of it. */
	measure(seconds: number): Promise<{ rate: number; lastRate: number }>;
	/** Queues no more. */
	stop(): Promise<void>;
};

const keptQueued = 1_000;
const lookEveryMs = 300;

/** Queues jobs as the API would, in Postgres itself: the API's own speed is not what is asked. */
export function saturate(stage: FaultStage): Saturation {
	let stopping = false;
	const run = (async () => {
		// By what the simulator has heard of: to count rows would slow down what is measured.
		for (let born = 0; !stopping; await delay(lookEveryMs)) {
			const { totals } = await stage.simulator("/ledger?limit=0");
			const missing = keptQueued + totals.posts - born;
			if (missing <= 0) continue;
			await stage.sql(topUp, [missing]);
			born += missing;
		}
	})();
	// Its failure is thrown by `stop`.
	run.catch(() => {});
	return {
		async measure(seconds) {
			const start = await countEnded(stage);
			await delay((seconds * 2_000) / 3);
			const late = await countEnded(stage);
			await delay((seconds * 1_000) / 3);
			const end = await countEnded(stage);
			return { rate: perSecond(start, end), lastRate: perSecond(late, end) };
		},
		async stop() {
			stopping = true;
			await run;
		},
	};
}

// Priorities and tenants are as they are with most customers: one class, one tenant.
const topUp = `
	with born as (
		insert into job (id, tenant_id, action, mode, input, fingerprint, hinted_at, start_by, timeout_s, max_submissions)
		select new_id('job'), (select min(id) from tenant), 'see2ai_video_generation_kling_3_0_v1', 'text',
			'{"prompt": "a queue", "duration": "3"}', '\\x00', now(), now() + interval '1 hour', 1800, 3
		from generate_series(1, $1::int)
		returning id)
	insert into timeline (job_id, type) select id, 'accepted' from born`;

type Count = { ended: number; at: number };

async function countEnded({ workerUrl }: FaultStage): Promise<Count> {
	const response = await fetch(`${workerUrl}/metrics`);
	const text = await response.text();
	const lines = text.matchAll(/^reelay_submissions_total\{[^}]*\} (\d+)/gm);
	const ended = [...lines].reduce((sum, [, n]) => sum + Number(n), 0);
	return { ended, at: Date.now() };
}

function perSecond(from: Count, to: Count): number {
	return ((to.ended - from.ended) * 1_000) / (to.at - from.at);
}

/** A transaction that has taken its snapshot and does nothing more; `end` closes it. */
export async function holdTransaction(databaseUrl: string) {
	const client = new pg.Client({
		connectionString: databaseUrl,
		application_name: "a forgotten report",
	});
	await client.connect();
	await client.query("begin isolation level repeatable read");
	await client.query("select count(*) from tenant");
	return { end: () => client.end() };
}
