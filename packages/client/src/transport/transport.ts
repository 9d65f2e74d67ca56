import type { Operations } from "../generated/api.ts";
import { ReelayApiError, ReelayError } from "../reelay-error.ts";
import { errorOf } from "./answer.ts";
import { pause } from "./deadline.ts";
import {
	type Input,
	type OperationId,
	type PreparedRequest,
	prepareRequest,
	type Target,
} from "./request.ts";
import { decidePauseMs, isWorthRepeating } from "./retry.ts";
import {
	type Fetch,
	type Open,
	openOnce,
	sendOnce,
	withContext,
} from "./send.ts";

/** What every request can be told. */
export type RequestOptions = {
	signal?: AbortSignal | undefined;
	/** For each try, until its answer is there whole. */
	timeoutMs?: number | undefined;
	/** How often what is safe to repeat is sent again. */
	maxRetries?: number | undefined;
};

export type CallOptions = RequestOptions & {
	/** Sending it twice does what sending it once does, although its method does not say so. */
	isRepeatable?: boolean;
	idempotencyKey?: string | undefined;
};

/** What was answered, and under which key it was asked for. */
export type Answered<Body> = {
	body: Body;
	headers: { get(name: string): string | null };
	idempotencyKey: string | null;
};

export type Transport = {
	/** Sends a request and reads its answer, again and again where that is safe. Rejects with a ReelayError. */
	call<Id extends OperationId>(
		id: Id,
		input: Input<Id>,
		options?: CallOptions,
	): Promise<Answered<Operations[Id]["answer"]>>;
	/** Sends a request for a stream once; whoever reads the body ends the deadline. */
	open<Id extends OperationId>(
		id: Id,
		input: Input<Id>,
		options: { signal?: AbortSignal | undefined; timeoutMs: number },
	): Promise<Open & { request: PreparedRequest }>;
};

export type TransportSettings = Target & {
	timeoutMs: number;
	maxRetries: number;
	fetch: Fetch;
};

/** The one place that sends requests. */
export function createTransport(settings: TransportSettings): Transport {
	return {
		async call(id, input, options = {}) {
			const { isRepeatable = false, idempotencyKey } = options;
			const request = prepareRequest(settings, id, {
				...input,
				isRepeatable,
				...(idempotencyKey === undefined ? {} : { idempotencyKey }),
			});
			try {
				const { body, headers } = await repeat(settings, request, options);
				return {
					// The contract says so, and tests hold the server to it.
					body: body as Operations[typeof id]["answer"],
					headers,
					idempotencyKey: request.idempotencyKey,
				};
			} catch (error) {
				throw withContext(error, request);
			}
		},
		async open(id, input, { signal, timeoutMs }) {
			const request = prepareRequest(settings, id, input);
			request.headers.accept = "text/event-stream";
			try {
				const limits = { signal, timeoutMs };
				const open = await openOnce(settings.fetch, request, limits);
				if (open.response.ok) return { ...open, request };
				const text = await open.response.text().catch(() => "");
				open.deadline.end();
				throw errorOf(open.response, text, request);
			} catch (error) {
				throw withContext(error, request);
			}
		},
	};
}

async function repeat(
	settings: TransportSettings,
	request: PreparedRequest,
	options: RequestOptions,
): ReturnType<typeof sendOnce> {
	const { signal } = options;
	const timeoutMs = options.timeoutMs ?? settings.timeoutMs;
	const maxRetries = options.maxRetries ?? settings.maxRetries;
	const { isRepeatable } = request;
	for (let failures = 1; ; failures += 1) {
		try {
			return await sendOnce(settings.fetch, request, { signal, timeoutMs });
		} catch (error) {
			if (!(error instanceof ReelayError)) throw error;
			// A try before this one deleted it, and its answer was lost.
			if (request.method === "DELETE" && failures > 1 && isGone(error)) {
				return { body: undefined, headers: new Headers() };
			}
			if (!isWorthRepeating(error, { isRepeatable, failures, maxRetries })) {
				throw error;
			}
			await pause(decidePauseMs(failures, error, Math.random()), signal);
		}
	}
}

function isGone(error: ReelayError): boolean {
	return error instanceof ReelayApiError && error.code === "not_found";
}
