import type { ServerResponse } from "node:http";
import { commentOf } from "./sse.ts";

/** What a connection may cost. */
export type ConnectionLimits = {
	heartbeatMs: number;
	/** How long what was sent may lie here before the client counts as one that does not read. */
	drainMs: number;
	/** How much may lie here before no more is sent. */
	maxBytes: number;
	maxMessages: number;
};

/** A response that is a stream of events, and what of it the client has not taken yet. */
export type Connection = {
	/** Aborted as soon as nothing more can be sent, whoever ended it. */
	ended: AbortSignal;
	/** False while as much lies here as may. */
	hasRoom(): boolean;
	/** Does nothing once it has ended. */
	send(bytes: Buffer): void;
	/** Settles when everything has been taken, or the connection has ended. */
	drained(): Promise<void>;
	/** Sends these and ends; a client that has not taken them `withinMs` later is cut off. */
	end(lastWords: Buffer, withinMs?: number): void;
	/** Ends without another byte; the client goes on behind what it has. */
	cut(): void;
};

const headers = {
	"content-type": "text/event-stream; charset=utf-8",
	"cache-control": "no-store",
	// nginx would collect answers before it hands them on.
	"x-accel-buffering": "no",
	// Whoever comes back goes by the balancer, which knows the processes that stop.
	connection: "close",
};

/**
 * Makes a stream of a response. What was sent counts until the system has taken it, which is when the client's own
 * buffers have room: a client that does not read for `drainMs` is cut off, and `onSlow` is told. Its timers end with the
 * response.
 */
export function openConnection(
	res: ServerResponse,
	options: ConnectionLimits & { opening: Buffer; onSlow: () => void },
): Connection {
	const { heartbeatMs, drainMs, maxBytes, maxMessages } = options;
	const ended = new AbortController();
	let bytes = 0;
	let messages = 0;
	let deadline: NodeJS.Timeout | undefined;
	let wake = () => {};
	const cut = () => {
		finish();
		res.destroy();
	};
	const write = (chunk: Buffer) => {
		bytes += chunk.length;
		messages += 1;
		deadline ??= setTimeout(() => {
			options.onSlow();
			cut();
		}, drainMs);
		res.write(chunk, () => {
			bytes -= chunk.length;
			messages -= 1;
			if (messages > 0) return;
			clearTimeout(deadline);
			deadline = undefined;
			wake();
		});
	};
	const heartbeat = setInterval(() => {
		// What lies here already shows whether the client is there.
		if (messages === 0) write(commentOf("still here"));
	}, heartbeatMs);
	const finish = () => {
		clearInterval(heartbeat);
		clearTimeout(deadline);
		ended.abort();
		wake();
	};
	res.on("close", finish);
	// A write that meets a connection which has just broken; `close` follows.
	res.on("error", () => {});
	res.writeHead(200, headers);
	write(options.opening);
	return {
		ended: ended.signal,
		hasRoom: () => bytes < maxBytes && messages < maxMessages,
		send(chunk) {
			if (!ended.signal.aborted) write(chunk);
		},
		drained: () =>
			messages === 0 || ended.signal.aborted
				? Promise.resolve()
				: new Promise((resolve) => {
						wake = resolve;
					}),
		end(lastWords, withinMs = drainMs) {
			if (ended.signal.aborted) return;
			finish();
			const patience = setTimeout(() => res.destroy(), withinMs);
			res.on("close", () => clearTimeout(patience));
			res.end(lastWords);
		},
		cut,
	};
}
