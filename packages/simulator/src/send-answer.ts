import type { Response } from "express";
import type { Answer, WrittenAnswer } from "./answer.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Lifetime } from "./lifetime.ts";

export type Pace = { drip: Behaviour["drip"]; lifetime: Lifetime };

/** Does to the response's socket what the answer says. */
export async function sendAnswer(
	res: Response,
	answer: Answer,
	pace: Pace,
): Promise<void> {
	if (res.destroyed || !res.socket) return;
	switch (answer.transport) {
		case "hang":
			return;
		case "reset":
			res.socket.resetAndDestroy();
			return;
		case "whole":
			writeHead(res, answer);
			res.end(answer.body);
			return;
		case "cut":
			writeHead(res, answer);
			res.write(answer.body.slice(0, Math.ceil(answer.body.length / 2)), () =>
				res.socket?.destroy(),
			);
			return;
		case "drip":
			await drip(res, answer, pace);
	}
}

function writeHead(res: Response, answer: WrittenAnswer): void {
	res.writeHead(answer.status, {
		...answer.headers,
		"content-length": Buffer.byteLength(answer.body),
	});
}

async function drip(
	res: Response,
	answer: WrittenAnswer,
	{ drip, lifetime }: Pace,
): Promise<void> {
	const bytes = Buffer.from(answer.body);
	writeHead(res, answer);
	res.flushHeaders();
	for (let at = 0; at < bytes.length; at += drip.bytes) {
		await lifetime.sleep(drip.every_ms);
		if (res.destroyed) return;
		res.write(bytes.subarray(at, at + drip.bytes));
	}
	res.end();
}
