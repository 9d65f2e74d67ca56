import { eventually } from "@reelay/shared/testing/eventually";
import type { TestRedis } from "@reelay/shared/testing/redis";
import { runRedis } from "@reelay/shared/testing/redis-command";
import pg from "pg";
import { expect } from "vitest";
import type { FaultStage } from "./stage.ts";

async function query(stage: FaultStage, sql: string) {
	const client = new pg.Client({ connectionString: stage.stack.databaseUrl });
	await client.connect();
	try {
		return (await client.query(sql)).rows;
	} finally {
		await client.end();
	}
}

export const backlog = 10_000;

/** Queued jobs with a provider that is blocked for as long as the test runs, all of them rung for. */
export async function queueBacklog(stage: FaultStage): Promise<void> {
	await query(
		stage,
		`update governor set blocked_until = now() + interval '1 hour'`,
	);
	await query(
		stage,
		`insert into job (id, tenant_id, action, mode, input, fingerprint, start_by, timeout_s, max_submissions)
			select 'job_backlog' || lpad(n::text, 15, '0'), (select min(id) from tenant),
				'see2ai_video_generation_kling_3_0_v1', 'text', '{"prompt": "a queue", "duration": "3"}',
				sha256(n::text::bytea), now() + interval '1 hour', 1800, 3
			from generate_series(1, ${backlog}) n`,
	);
	await query(
		stage,
		`insert into timeline (job_id, type) select id, 'accepted' from job where id like 'job_backlog%'`,
	);
	await eventually(() => expectAllHinted(stage, "-infinity"), {
		timeoutMs: 60_000,
		everyMs: 200,
	});
}

/** Throws while a queued job was not rung for since then. */
export async function expectAllHinted(stage: FaultStage, since: string) {
	const [row] = await query(
		stage,
		`select count(*)::int as missing from job
			where ready and (hinted_at is null or hinted_at < '${since}')`,
	);
	expect(row.missing).toBe(0);
}

/** How many messages the queue was ever given, by BullMQ's own counter, which a flush takes back to nothing. */
export async function countRings(redis: TestRedis): Promise<number> {
	return Number(await runRedis(redis.url, "GET", "reelay:reelay-rings:id"));
}

/** As though every queued job had been rung for just now; returns a time right after it. */
export async function markAllHinted(stage: FaultStage): Promise<string> {
	await query(stage, "update job set hinted_at = now() where ready");
	const [row] = await query(stage, "select now()::text as now");
	return row.now;
}
