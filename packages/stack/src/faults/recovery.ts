import { eventually } from "@reelay/shared/testing/eventually";
import { expect } from "vitest";
import type { JsonAnswer } from "../journeys/json-answer.ts";
import type { FaultStage } from "./stage.ts";

const patience = { timeoutMs: 120_000, everyMs: 250 };

/** Ends what dead workers hold: a minute goes by, and no worker lives meanwhile whose own leases that would cut short. */
export async function forgetTheDead({ stack, sql }: FaultStage): Promise<void> {
	await stack.processes.get("worker")?.kill("SIGKILL");
	await sql(
		"update submission set lease_until = now() - interval '1 s' where lease_until is not null",
	);
	await sql("update delivery set due_at = now() where state = 'pending'");
	await stack.launch("worker");
}

/** Every live job, with its live submission or null. */
export function listLive({ sql }: FaultStage): Promise<JsonAnswer[]> {
	return sql(
		"select job.id, job.state, job.on_unknown, s.id as submission from job left join submission s on s.job_id = job.id and s.live where job.live",
	);
}

/** The POSTs that started a task, by the submission that their callback address names. */
export async function listTaken(
	stage: FaultStage,
): Promise<Map<string, JsonAnswer>> {
	const { posts } = await stage.simulator("/ledger?limit=100000");
	return new Map(
		posts
			.filter((post: JsonAnswer) => post.accepted)
			.map((post: JsonAnswer) => [submissionOf(post.callback_url), post]),
	);
}

/** The submission for which a callback address speaks. */
export function submissionOf(callbackUrl: string | null): string {
	const [, id = "?"] = /\/(sub_[0-9a-z]+)\./.exec(callbackUrl ?? "") ?? [];
	return id;
}

/**
 * Waits until only such jobs are left as nobody but an operator can end: a worker died between the intent and the POST,
 * so the provider's ledger has nothing of them. Their operator sends them again; returns how many there were.
 */
export async function resendUnsent(stage: FaultStage): Promise<number> {
	const left = await eventually(async () => {
		const live = await listLive(stage);
		const taken = await listTaken(stage);
		for (const { state, submission } of live) {
			expect(["unknown", "overdue"]).toContain(state);
			expect(taken.has(submission)).toBe(false);
		}
		return live;
	}, patience);
	for (const { id } of left) expect(await resend(stage, id)).toBe(200);
	return left.length;
}

/** An operator who knows that a job was never taken sends it again; returns the status of the answer. */
export async function resend(stage: FaultStage, id: string): Promise<number> {
	const { status } = await stage.api(`/v1/jobs/${id}/resolve`, {
		body: { outcome: "resubmit" },
	});
	return status;
}
