import type { LookupFunction } from "node:net";
import type { Dispatcher } from "undici";
import type { AttemptPhase, AttemptTimings } from "../domain/attempt-phase.ts";
import {
	createMeasuredAgent,
	type TracedDispatchOptions,
} from "./measured-agent.ts";
import { decodeText, joinHeaders } from "./post-answer.ts";
import { describePostError } from "./post-error.ts";
import { watchFlood } from "./post-flood.ts";
import { PhaseWatch } from "./post-phases.ts";

/**
 * One POST, sent at most once: no redirect, no retry, no inflating. Its end is
 * one of three words, and the difference between the last two is money.
 * `unsent` is a promise that no byte of the request left this process. It
 * rests on undici's `onRequestStart`, which is called on a connected socket
 * immediately before the first write, and never on the text of an error.
 * Everything that goes wrong after it is `lost`: the other side may have acted.
 */
export type PostOnceResult = (
	| {
			kind: "answered";
			status: number;
			headers: Record<string, string>;
			text: string;
			truncated: boolean;
	  }
	| { kind: "unsent"; code: string; message: string }
	| {
			kind: "lost";
			code: string;
			message: string;
			/** The status line had arrived; null if nothing had. */
			status: number | null;
	  }
) &
	Partial<PostMeasures>;

/** How long each step of a POST took, and in which one it failed. */
export type PostMeasures = {
	phases: AttemptTimings;
	/** Null if it was answered, if it failed before anything, or if it failed to connect through an agent that is not ours. */
	phase: AttemptPhase | null;
	/** The address that the request was sent to; null if no byte of it was. */
	address: string | null;
};

/** What `postOnce` tells. Where no POST was begun there may be a result without figures. */
export type MeasuredPostResult = PostOnceResult & PostMeasures;

/** `timeoutMs` covers the whole exchange; `keepBytes` caps what is kept. */
export type PostOnceRequest = {
	dispatcher: Dispatcher;
	url: string;
	headers: Record<string, string>;
	body: string | Buffer;
	timeoutMs: number;
	maxResponseBytes: number;
	keepBytes?: number;
	signal?: AbortSignal;
};

/** `lookup` and `ca` replace the system's resolver and roots. */
export type FreshConnectionOptions = {
	connectTimeoutMs?: number;
	lookup?: LookupFunction;
	ca?: string;
};

// Long enough for a slow handshake across an ocean; the caller's own timeout
// covers the whole exchange.
const defaultConnectTimeoutMs = 10_000;

/**
 * Makes the dispatcher for paid POSTs: every request opens its own connection
 * and closes it. A kept connection may have died while idle, and writing to it
 * makes a definite "not sent" into a doubt that costs a render to settle.
 */
export function createFreshConnectionAgent(
	options: FreshConnectionOptions = {},
): Dispatcher {
	return createMeasuredAgent({
		// Zero means: send "connection: close" and never hand a socket on.
		pipelining: 0,
		connect: {
			timeout: options.connectTimeoutMs ?? defaultConnectTimeoutMs,
			allowH2: false,
			rejectUnauthorized: true,
			// Node does not check the certificate's name on a resumed session.
			maxCachedSessions: 0,
			...(options.lookup === undefined ? {} : { lookup: options.lookup }),
			...(options.ca === undefined ? {} : { ca: options.ca }),
		},
	});
}

/**
 * Sends one POST and tells how it ended; it never rejects. Codes are those of
 * Node and undici, and our own `timeout`, `aborted`, `invalid_url`, `resent`,
 * `forbidden_address`, `bad_response` and `flood`. A response beyond `maxResponseBytes` is an answer, cut off there.
 */
export function postOnce(
	request: PostOnceRequest,
): Promise<MeasuredPostResult> {
	return new Promise((resolve) => {
		const exchange = new Exchange(request, resolve);
		exchange.begin();
	});
}

class Exchange implements Dispatcher.DispatchHandler {
	readonly #request: PostOnceRequest;
	readonly #resolve: (result: MeasuredPostResult) => void;
	readonly #keptBytes: number;
	readonly #chunks: Buffer[] = [];
	readonly #onAbort = () => this.#giveUp("aborted", "the call was cancelled");
	readonly #watch = new PhaseWatch();
	#timer: NodeJS.Timeout | undefined;
	#endFloodWatch: () => void = () => {};
	#controller: Dispatcher.DispatchController | null = null;
	#status: number | null = null;
	#headers: Record<string, string> = {};
	#received = 0;
	#kept = 0;
	#isSettled = false;

	constructor(
		request: PostOnceRequest,
		resolve: (result: MeasuredPostResult) => void,
	) {
		this.#request = request;
		this.#resolve = resolve;
		this.#keptBytes = Math.min(
			request.keepBytes ?? request.maxResponseBytes,
			request.maxResponseBytes,
		);
	}

	begin(): void {
		const { url, headers, body, timeoutMs, signal, dispatcher } = this.#request;
		if (signal?.aborted) {
			this.#onAbort();
			return;
		}
		const target = parseTarget(url);
		if (target === null) {
			this.#fail("invalid_url", "not a URL of http or https");
			return;
		}
		signal?.addEventListener("abort", this.#onAbort, { once: true });
		this.#timer = setTimeout(() => this.#onTimeout(), timeoutMs);
		const options: TracedDispatchOptions = {
			origin: target.origin,
			path: target.pathname + target.search,
			method: "POST",
			headers,
			body: Buffer.isBuffer(body) ? body : Buffer.from(body),
			// undici's own limits end a call after 300 s, and measure gaps.
			headersTimeout: 0,
			bodyTimeout: 0,
			trace: this.#watch.trace,
		};
		try {
			dispatcher.dispatch(options, this);
		} catch (error) {
			this.#failWith(error);
		}
	}

	onRequestStart(controller: Dispatcher.DispatchController): void {
		// Aborting here keeps every byte back. It happens when the caller was told
		// "unsent" while the connection was being made, and when anything between
		// us and the socket starts the request a second time.
		if (this.#isSettled) {
			controller.abort(new Error("given up"));
		} else if (this.#controller !== null) {
			this.#fail("resent", "the request was about to be sent again");
			controller.abort(new Error("started twice"));
		} else {
			this.#controller = controller;
			this.#watch.start();
			this.#endFloodWatch = watchFlood(
				this.#watch.trace.socket,
				this.#request.maxResponseBytes,
				() => this.#giveUp("flood", "far more bytes came than an answer has"),
			);
		}
	}

	onResponseStarted(): void {
		this.#watch.noteByte();
	}

	onResponseStart(
		_controller: Dispatcher.DispatchController,
		status: number,
		headers: Record<string, string | string[] | undefined>,
	): void {
		if (status < 200) {
			this.#watch.noteInterim();
			return;
		}
		this.#status = status;
		this.#headers = joinHeaders(headers);
	}

	onResponseData(
		controller: Dispatcher.DispatchController,
		chunk: Buffer,
	): void {
		if (this.#isSettled) return;
		const space = this.#keptBytes - this.#kept;
		if (space > 0) {
			// A copy: the chunk is a window on a larger block that would stay alive.
			const piece = Buffer.from(chunk.subarray(0, space));
			this.#chunks.push(piece);
			this.#kept += piece.length;
		}
		this.#received += chunk.length;
		if (this.#received <= this.#request.maxResponseBytes) return;
		this.#answer();
		controller.abort(new Error("the response is too large"));
	}

	onResponseEnd(): void {
		this.#answer();
	}

	onResponseError(
		_controller: Dispatcher.DispatchController,
		error: unknown,
	): void {
		this.#failWith(error);
	}

	// After a stall of the event loop the timer is due and the answer lies in
	// the socket: one turn of the poll phase lets a paid answer win.
	#onTimeout(): void {
		const { timeoutMs } = this.#request;
		setImmediate(() =>
			this.#giveUp("timeout", `no full answer within ${timeoutMs} ms`),
		);
	}

	#giveUp(code: string, message: string): void {
		this.#fail(code, message);
		this.#controller?.abort(new Error(message));
	}

	#answer(): void {
		if (this.#status === null) {
			this.#fail("no_status", "the answer had no status");
			return;
		}
		const truncated = this.#received > this.#kept;
		this.#settle({
			kind: "answered",
			status: this.#status,
			headers: this.#headers,
			text: decodeText(Buffer.concat(this.#chunks), truncated),
			truncated,
		});
	}

	#failWith(error: unknown): void {
		const { code, message } = describePostError(error);
		this.#fail(code, message);
	}

	#fail(code: string, message: string): void {
		const status = this.#status;
		const phase = this.#watch.phase();
		if (this.#controller === null) {
			this.#settle({ kind: "unsent", code, message }, phase);
		} else {
			this.#settle({ kind: "lost", code, message, status }, phase);
		}
	}

	#settle(end: PostOnceResult, phase: AttemptPhase | null = null): void {
		if (this.#isSettled) return;
		this.#isSettled = true;
		clearTimeout(this.#timer);
		this.#endFloodWatch();
		this.#request.signal?.removeEventListener("abort", this.#onAbort);
		const phases = this.#watch.stop();
		// In this order: V8 adds members behind a spread one by one, which takes longer than all the rest of this.
		this.#resolve({ phase, phases, address: this.#watch.address, ...end });
	}
}

function parseTarget(url: string): URL | null {
	try {
		const target = new URL(url);
		return /^https?:$/.test(target.protocol) ? target : null;
	} catch {
		return null;
	}
}
