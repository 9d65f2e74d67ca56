import { Readable } from "node:stream";
import type { Logger } from "pino";
import { Agent, request } from "undici";
import type { CallbackBehaviour } from "./behaviour.ts";
import type { CallbackShape } from "./callback-shapes.ts";
import { isSuccess, type Ledger } from "./ledger.ts";
import type { Lifetime } from "./lifetime.ts";
import type { Malformed } from "./malformed.ts";

export type Callback = {
	url: string;
	taskId: string;
	kind: string;
	shape: CallbackShape;
	malformed: Malformed | null;
	copy: number;
	body: string;
	maxAttempts: number;
	behaviour: CallbackBehaviour;
};

export type CallbackSender = {
	/** Tries until a 2xx or until the attempts are used up; never rejects. */
	send(callback: Callback): Promise<void>;
	close(): Promise<void>;
};

export function createCallbackSender(deps: {
	ledger: Ledger;
	lifetime: Lifetime;
	logger: Logger;
}): CallbackSender {
	const { ledger, lifetime, logger } = deps;
	const agent = new Agent({ connections: 512, connectTimeout: 10_000 });

	/** Says whether there is nothing left to try. */
	async function attempt(callback: Callback, n: number): Promise<boolean> {
		const { behaviour, ...told } = callback;
		const text = told.body + " ".repeat(behaviour.pad_bytes);
		const entry = ledger.openCallback({
			task_id: told.taskId,
			url: told.url,
			kind: told.kind,
			shape: told.shape,
			malformed: told.malformed,
			copy: told.copy,
			attempt: n,
			bytes: Buffer.byteLength(text),
		});
		const epoch = lifetime.epoch();
		const end = await post(callback.url, text, behaviour);
		if (epoch !== lifetime.epoch()) return true;
		ledger.answerCallback(entry, end);
		// The address carries the receiver's token: it is not logged.
		logger.debug(
			{ event: "callback.answered", taskId: told.taskId, attempt: n, ...end },
			"callback.answered",
		);
		return "status" in end && isSuccess(end.status);
	}

	async function post(
		url: string,
		text: string,
		behaviour: CallbackBehaviour,
	): Promise<{ status: number } | { error: string }> {
		const controller = new AbortController();
		const abort = (why: string) => () => controller.abort(new Error(why));
		const offTimeout = lifetime.after(behaviour.timeout_ms, abort("timeout"));
		const offEnd = lifetime.onEnd(abort("the simulator was stopped or reset"));
		try {
			const answer = await request(url, {
				method: "POST",
				dispatcher: agent,
				signal: controller.signal,
				headers: {
					"content-type": behaviour.content_type,
					"content-length": String(Buffer.byteLength(text)),
					"user-agent": "reelay-simulator",
				},
				body: pacedBody(Buffer.from(text), behaviour, lifetime),
			});
			await answer.body.dump();
			return { status: answer.statusCode };
		} catch (error) {
			return { error: describe(error) };
		} finally {
			offTimeout();
			offEnd();
		}
	}

	return {
		async send(callback) {
			let delayMs = callback.behaviour.retry_delay_ms;
			for (let n = 1; n <= callback.maxAttempts; n += 1) {
				if (await attempt(callback, n)) return;
				if (n === callback.maxAttempts) return;
				await lifetime.sleep(delayMs);
				delayMs *= 2;
			}
		},
		close: () => agent.destroy(),
	};
}

function pacedBody(
	bytes: Buffer,
	behaviour: CallbackBehaviour,
	lifetime: Lifetime,
): Buffer | Readable {
	if (behaviour.half_sent) return Readable.from(halfOf(bytes));
	if (behaviour.slow_body)
		return Readable.from(dripOf(bytes, behaviour.slow_body, lifetime));
	return bytes;
}

/** Ending short of the promised length makes the client drop the socket. */
async function* halfOf(bytes: Buffer): AsyncGenerator<Buffer> {
	yield bytes.subarray(0, Math.ceil(bytes.length / 2));
	throw new Error("half of the body was sent");
}

async function* dripOf(
	bytes: Buffer,
	pace: NonNullable<CallbackBehaviour["slow_body"]>,
	lifetime: Lifetime,
): AsyncGenerator<Buffer> {
	for (let at = 0; at < bytes.length; at += pace.bytes) {
		await lifetime.sleep(pace.every_ms);
		yield bytes.subarray(at, at + pace.bytes);
	}
}

function describe(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const code = "code" in error ? `${String(error.code)}: ` : "";
	return `${code}${error.message}`;
}
