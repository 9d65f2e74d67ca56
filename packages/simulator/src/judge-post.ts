import type { IncomingHttpHeaders } from "node:http";
import { type Answer, detailAnswer } from "./answer.ts";
import { type Behaviour, isTaken, mergeBehaviour } from "./behaviour.ts";
import { answerFault } from "./fault-answer.ts";
import type { PostEntry } from "./ledger.ts";
import { priceInput } from "./price.ts";
import { parseHeader, parseMarker, promptOf } from "./request-behaviour.ts";
import { createTaskId, type Task } from "./tasks.ts";
import { validateInput } from "./validate-input.ts";
import type { World } from "./world.ts";

export type ReceivedPost = {
	post: PostEntry;
	text: string;
	headers: IncomingHttpHeaders;
	/** This request's own path, and whether a redirect of ours led to it. */
	path: string;
	wasRedirected: boolean;
	/** Where results are served, as the client sees this program. */
	baseUrl: string;
	/** Of a clock that never goes back. */
	nowMs: number;
};

/** Refused or misanswered without a task, or a task with the answer it gets. */
export type Verdict = {
	behaviour: Behaviour;
	/** Null: the task's own output answers. */
	answer: Answer | null;
	task: Task | null;
};

/**
 * Decides what becomes of an authorised POST, in the order of a real gateway:
 * rate, then the scripted fault, then validation, balance and concurrency. A
 * POST that the rate refuses uses up no script.
 */
export function judgePost(world: World, received: ReceivedPost): Verdict {
	const { post } = received;
	const body = readBody(received);
	const behaviour = world.defaults.behaviour;
	const refuse = (answer: Answer, as = behaviour): Verdict => ({
		behaviour: as,
		answer,
		task: null,
	});

	const limited = limitRate(world, received.nowMs);
	if (limited) return refuse(limited);
	const asked = behaviourOf(world, received);
	if ("refusal" in asked) return refuse(asked.refusal);
	if (body === undefined) return refuse(unreadable(received));

	const taskId = createTaskId();
	post.fault = asked.behaviour.fault;
	const scripted = post.fault
		? answerFault(post.fault, {
				behaviour: asked.behaviour,
				taskId,
				redirectTo: `${received.path}?redirected=1`,
				nowMs: Date.now(),
			})
		: null;
	if (scripted && !isTaken(asked.behaviour))
		return refuse(scripted, asked.behaviour);

	const taken = takeTask(world, received, {
		...{ taskId, body, behaviour: asked.behaviour },
	});
	if ("refusal" in taken) return refuse(taken.refusal, asked.behaviour);
	return { behaviour: asked.behaviour, answer: scripted, task: taken.task };
}

/** Notes what was sent in the ledger; undefined when it is no JSON. */
function readBody({ post, text, headers }: ReceivedPost): unknown {
	if (!headers["content-type"]?.includes("json")) return undefined;
	let body: unknown;
	try {
		body = JSON.parse(text);
	} catch {
		return undefined;
	}
	const isLong = text.length > 16_384;
	post.body = isLong ? { omitted_bytes: Buffer.byteLength(text) } : body;
	post.prompt = promptOf(body);
	if (typeof body === "object" && body !== null && "callBackUrl" in body)
		post.callback_url =
			typeof body.callBackUrl === "string" ? body.callBackUrl : null;
	return body;
}

function limitRate(world: World, nowMs: number): Answer | null {
	const { rate } = world.defaults;
	if (!rate) return null;
	const waitMs = world.admitted.waitMs(nowMs, rate);
	if (waitMs === 0) {
		world.admitted.record(nowMs, rate.windowMs);
		return null;
	}
	return detailAnswer(429, "Rate limit exceeded", {
		"retry-after": String(Math.ceil(waitMs / 1000)),
	});
}

/** The layers, each over the one before: defaults, script, header, marker. */
function behaviourOf(
	world: World,
	{ post, headers, wasRedirected }: ReceivedPost,
): { behaviour: Behaviour } | { refusal: Answer } {
	const fromHeader = parseHeader(headers["x-simulator"]);
	if (!fromHeader.ok) return { refusal: detailAnswer(400, fromHeader.detail) };
	const fromMarker = parseMarker(post.prompt);
	if (!fromMarker.ok) return { refusal: detailAnswer(400, fromMarker.detail) };
	const merged = mergeBehaviour(
		world.defaults.behaviour,
		world.scripts.take(post.prompt, headers),
		fromHeader.patch,
		fromMarker.patch,
	);
	const behaviour = echoRequest(merged, {
		"{callback_url}": post.callback_url,
		"{authorization}": headers.authorization,
	});
	// Else a client that follows redirects would be sent round for ever.
	if (wasRedirected && behaviour.fault === "redirect_307")
		behaviour.fault = null;
	return { behaviour };
}

/** What stands in braces in a behaviour's texts becomes what the request said: a provider that repeats it. */
function echoRequest(
	behaviour: Behaviour,
	said: Record<string, string | null | undefined>,
): Behaviour {
	let text = JSON.stringify(behaviour);
	for (const [name, value] of Object.entries(said))
		text = text.replaceAll(name, () =>
			JSON.stringify(value ?? "").slice(1, -1),
		);
	return JSON.parse(text);
}

function unreadable({ text, headers }: ReceivedPost): Answer {
	if (text === "")
		return detailAnswer(422, [
			{ type: "missing", loc: ["body"], msg: "Field required", input: null },
		]);
	if (!headers["content-type"]?.includes("json"))
		return detailAnswer(422, [
			{
				type: "model_attributes_type",
				loc: ["body"],
				msg: "Input should be a valid dictionary or object to extract fields from",
				input: text.slice(0, 300),
			},
		]);
	return detailAnswer(422, [
		{
			type: "json_invalid",
			loc: ["body", 0],
			msg: "JSON decode error",
			input: {},
		},
	]);
}

function takeTask(
	world: World,
	received: ReceivedPost,
	asked: { taskId: string; body: unknown; behaviour: Behaviour },
): { task: Task } | { refusal: Answer } {
	const { post, baseUrl } = received;
	const valid = validateInput(asked.body);
	if (!valid.ok) return { refusal: detailAnswer(valid.status, valid.detail) };
	if (world.tasks.running() >= world.defaults.concurrency)
		return {
			refusal: detailAnswer(429, "Too many tasks at once", {
				"retry-after": "1",
			}),
		};
	const points = priceInput(valid.input);
	if (!world.purse.reserve(points))
		return { refusal: detailAnswer(402, "Insufficient balance") };
	world.ledger.acceptPost(post, asked.taskId, points);
	const task = world.tasks.start({
		...{ taskId: asked.taskId, input: valid.input, request: asked.body },
		...{ points, behaviour: asked.behaviour, baseUrl, post },
	});
	return { task };
}
