import type { JsonAnswer } from "../journeys/json-answer.ts";
import type { ProviderStage, ScriptedJob } from "./provider-stage.ts";

/** The simulator starts the task, says so at once, and never calls back: the test does. */
export const silent = { answer: "immediate", callback: { lose: true } };

/** A job that renders, the address that its provider may call, and what it would say. */
export async function startRendering(
	stage: ProviderStage,
): Promise<
	ScriptedJob & { url: string; success: JsonAnswer; failure: JsonAnswer }
> {
	const job = await stage.createScripted(
		{ behaviour: silent },
		{ timeout_s: 3600 },
	);
	await stage.reach([job.id], "rendering");
	const [post] = (await stage.ledgerOf(job.prompt)).posts;
	const task = { task_id: post.task_id, model: "kling-3.0/video" };
	return {
		...job,
		url: post.callback_url,
		success: {
			...task,
			state: "success",
			result_urls: [`https://example.com/${post.task_id}.mp4`],
			cost_points: 30,
		},
		failure: {
			...task,
			state: "fail",
			result_urls: [],
			cost_points: 0,
			error: { code: "500", message: "Internal server error" },
		},
	};
}

/** Says this to the receiver as the provider would; returns the status. */
export async function call(
	url: string,
	body: unknown,
	contentType = "application/json",
): Promise<number> {
	const response = await fetch(url, {
		method: "POST",
		headers: { "content-type": contentType },
		body: typeof body === "string" ? body : JSON.stringify(body),
	});
	await response.text();
	return response.status;
}

/** What was kept of the callbacks of a job, and as what. */
export const outcomesOf = (stage: ProviderStage, id: string) =>
	stage.query(
		`select kind, outcome, count(*)::int as count from callback
		where submission_id in (select id from submission where job_id = $1) group by 1, 2 order by 1, 2`,
		[id],
	);
export const eventsOf = (stage: ProviderStage, id: string) =>
	stage.query(
		"select type, sequence from event where job_id = $1 order by created_at",
		[id],
	);
