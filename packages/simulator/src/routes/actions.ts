import { performance } from "node:perf_hooks";
import express, { type Request, type Response, Router } from "express";
import { type Answer, detailAnswer, jsonAnswer } from "../answer.ts";
import { checkBearer } from "../auth.ts";
import type { Behaviour } from "../behaviour.ts";
import { judgePost, type Verdict } from "../judge-post.ts";
import type { PostEntry } from "../ledger.ts";
import { sendAnswer } from "../send-answer.ts";
import { unlimitedWindowMs, type World } from "../world.ts";

export const actionName = "see2ai_video_generation_kling_3_0_v1";
const bodyLimit = "2mb";

type PostLocals = {
	post: PostEntry;
	nowMs: number;
	/** The socket was broken by this program, not by the client. */
	isBroken: boolean;
};
type PostResponse = Response<unknown, PostLocals>;

/** The paid route. Every POST to it is in the ledger, whatever becomes of it. */
export function actionsRouter(world: World): Router {
	const router = Router();
	router.post(
		"/api/v1/actions/:action",
		(req: Request<{ action: string }>, res: PostResponse, next) => {
			const refusal = openPost(world, req, res);
			if (!refusal) return next();
			noteAnswer(res.locals.post, refusal);
			return sendAnswer(res, refusal, paceOf(world));
		},
		// The body is read as text: whether it is JSON is for the judge to say.
		express.text({ type: () => true, limit: bodyLimit }),
		async (req, res: PostResponse) => {
			const verdict = judgePost(world, {
				post: res.locals.post,
				text: typeof req.body === "string" ? req.body : "",
				headers: req.headers,
				path: req.path,
				wasRedirected: req.query.redirected !== undefined,
				baseUrl: world.publicUrl ?? `${req.protocol}://${req.get("host")}`,
				nowMs: res.locals.nowMs,
			});
			await answerPost(world, res, verdict);
		},
	);
	return router;
}

/** Enters the POST in the ledger; gives the answer if it goes no further. */
function openPost(
	world: World,
	req: Request<{ action: string }>,
	res: PostResponse,
): Answer | null {
	const auth = checkBearer(req.get("authorization"), world.keys);
	const { action } = req.params;
	const post = world.ledger.openPost({
		action,
		authorized: auth.ok,
		concurrent_at_arrival: world.tasks.running(),
	});
	res.locals.post = post;
	res.locals.nowMs = performance.now();
	watchEnd(world, res, post);
	if (!auth.ok)
		return detailAnswer(401, auth.detail, { "www-authenticate": "Bearer" });
	const windowMs = world.defaults.rate?.windowMs ?? unlimitedWindowMs;
	world.arrivals.record(res.locals.nowMs, windowMs);
	if (action !== actionName) return detailAnswer(404, "Not Found");
	return null;
}

function watchEnd(world: World, res: PostResponse, post: PostEntry): void {
	world.openPosts += 1;
	world.ledger.noteOpenPosts(world.openPosts);
	const offEnd = world.lifetime.onEnd(() => {
		res.locals.isBroken = true;
		res.socket?.destroy();
	});
	res.on("close", () => {
		world.openPosts -= 1;
		offEnd();
		if (res.writableFinished) post.answered_at = new Date().toISOString();
		else post.client_gone = !res.locals.isBroken;
	});
}

async function answerPost(
	world: World,
	res: PostResponse,
	verdict: Verdict,
): Promise<void> {
	const { behaviour, task } = verdict;
	const { post } = res.locals;
	let answer = verdict.answer;
	if (!answer && task) {
		if (behaviour.answer === "blocking") await task.finished;
		// A receiver that never answers must not keep the POST for ever.
		if (behaviour.callback.early)
			await Promise.race([task.announced, world.lifetime.sleep(5000)]);
		const as = behaviour.answer === "blocking" ? "ended" : "running";
		answer = taskAnswer(task.output(as), behaviour);
	}
	if (behaviour.answer_delay_ms > 0)
		await world.lifetime.sleep(behaviour.answer_delay_ms);
	if (answer && !res.destroyed) {
		noteAnswer(post, answer);
		res.locals.isBroken = ["reset", "cut"].includes(answer.transport);
		await sendAnswer(res, answer, paceOf(world, behaviour));
	}
	task?.markAnswered();
	world.logger.debug(
		{
			event: "post.answered",
			n: post.n,
			taskId: post.task_id,
			status: post.status,
			fault: post.fault,
		},
		"post.answered",
	);
}

function taskAnswer(
	output: Record<string, unknown>,
	behaviour: Behaviour,
): Answer {
	const answer = jsonAnswer(200, output);
	if (behaviour.fault !== "slow_answer") return answer;
	return { ...answer, transport: "drip" };
}

function noteAnswer(post: PostEntry, answer: Answer): void {
	post.status = "status" in answer ? answer.status : null;
	post.answer = "body" in answer ? answer.body.slice(0, 300) : answer.transport;
}

function paceOf(world: World, behaviour: Behaviour = world.defaults.behaviour) {
	return { drip: behaviour.drip, lifetime: world.lifetime };
}
