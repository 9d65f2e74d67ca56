import {
	type Answer,
	detailAnswer,
	htmlAnswer,
	jsonAnswer,
	type WrittenAnswer,
} from "./answer.ts";
import type { Behaviour } from "./behaviour.ts";
import type { FaultName } from "./faults.ts";

/** What a fault may speak of. `taskId` is an id even if nobody ever renders it. */
export type FaultContext = {
	behaviour: Behaviour;
	taskId: string;
	/** Where a redirect leads unless the behaviour says. */
	redirectTo: string;
	nowMs: number;
};

const hugeBytes = 10_000_000;

/** The answer that a fault gives in place of the right one; null leaves that one. */
export function answerFault(
	fault: FaultName,
	context: FaultContext,
): Answer | null {
	const { behaviour, taskId } = context;
	const say = (text: string) => behaviour.message ?? text;
	const running = { task_id: taskId, [behaviour.state_key]: "running" };
	switch (fault) {
		case "http_400":
			return detailAnswer(400, say("Invalid parameters"));
		case "http_401_key":
			return detailAnswer(401, say("Invalid API key"));
		case "http_401_balance":
			return detailAnswer(401, say("Insufficient balance, please recharge"));
		case "http_402":
			return detailAnswer(402, say("Insufficient balance"));
		case "http_403":
			return errorAnswer(403, say("This key may not use this action"));
		case "http_404":
			return detailAnswer(404, say("Not Found"));
		case "http_413":
			return jsonAnswer(413, { message: say("Request entity too large") });
		case "http_422":
			return detailAnswer(422, [
				{
					type: "value_error",
					loc: ["body", "prompt"],
					msg: say("Value error, the prompt cannot be rendered"),
					input: null,
				},
			]);
		case "http_422_repair":
			return jsonAnswer(422, repairBody(say("The request needs repair")));
		case "http_429":
			return tooMany(context, say("Rate limit exceeded"));
		case "http_500":
			return errorAnswer(500, say("Upstream error"));
		case "http_502":
			return htmlAnswer(502, "502 Bad Gateway");
		case "http_503":
			return jsonAnswer(503, { message: say("Service unavailable") });
		case "http_504_taken":
		case "http_504_not_taken":
			return detailAnswer(504, say("Task polling timed out"));
		case "code_in_200":
			return jsonAnswer(200, codeBody(behaviour));
		case "html_200":
			return htmlAnswer(200, "Please wait");
		case "truncated_json":
			return halved(jsonAnswer(200, running));
		case "huge_body":
			return jsonAnswer(200, { ...running, padding: "x".repeat(hugeBytes) });
		case "no_id":
			return jsonAnswer(200, { [behaviour.state_key]: "running" });
		case "no_state":
			return jsonAnswer(200, { task_id: taskId });
		case "redirect_307":
			return jsonAnswer(307, {}, { location: redirectOf(context) });
		case "hang":
			return { transport: "hang" };
		case "reset_before_read":
		case "reset_after_taken":
			return { transport: "reset" };
		case "cut_answer":
			return { ...jsonAnswer(200, running), transport: "cut" };
		case "custom":
			return customAnswer(behaviour);
		case "slow_answer":
		case "task_failed":
			return null;
	}
}

function errorAnswer(status: number, message: string): Answer {
	return jsonAnswer(status, { error: { message, code: String(status) } });
}

function codeBody(behaviour: Behaviour): object {
	const code = Number(behaviour.fail.code) || 500;
	const msg = behaviour.message ?? behaviour.fail.message;
	return { code, msg, data: null };
}

function halved(answer: WrittenAnswer): Answer {
	return {
		...answer,
		body: answer.body.slice(0, Math.ceil(answer.body.length / 2)),
	};
}

function redirectOf(context: FaultContext): string {
	return context.behaviour.location ?? context.redirectTo;
}

function customAnswer(behaviour: Behaviour): Answer {
	const custom = behaviour.custom ?? { status: 200, headers: {}, body: {} };
	if (typeof custom.body !== "string")
		return jsonAnswer(custom.status, custom.body, custom.headers);
	return {
		transport: "whole",
		status: custom.status,
		headers: custom.headers,
		body: custom.body,
	};
}

function tooMany(context: FaultContext, detail: string): Answer {
	const value = retryAfterValue(context);
	const headers = value === null ? undefined : { "retry-after": value };
	return detailAnswer(429, detail, headers);
}

function retryAfterValue({ behaviour, nowMs }: FaultContext): string | null {
	const asked = behaviour.retry_after;
	const date = (inSeconds: number) =>
		new Date(nowMs + inSeconds * 1000).toUTCString();
	if (typeof asked === "number") return String(asked);
	if (asked === "absent") return null;
	if (asked === "absurd") return "99999999999";
	if (asked === "http-date") return date(2);
	if ("raw" in asked) return asked.raw;
	return date(asked.http_date_in_s);
}

function repairBody(message: string): object {
	return {
		state: "needs_repair",
		message,
		issues: [
			{
				field: "duration",
				code: "unsupported_value",
				message: "duration is not supported with this mode",
			},
		],
		repair_options: [
			{ label: "Use 5 seconds", patch: { duration: "5" } },
			{ label: "Use std mode", patch: { mode: "std" } },
		],
		minimal_runnable_payload: {
			prompt: "A paper boat on a quiet lake",
			duration: "5",
			aspect_ratio: "16:9",
			mode: "std",
		},
	};
}
